using Microsoft.Extensions.DependencyInjection;
using Mux;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>The backends that this machine has: the server's tests run on each.</summary>
internal static class Backends
{
    /// <summary>Their names, for theories.</summary>
    public static TheoryData<string> Available { get; } = [.. Find().Select(b => b.Name)];

    /// <summary>Makes pollers of one of them.</summary>
    public static IPollerFactory Factory(string name)
    {
        var services = new ServiceCollection();
        services.AddMux(o => o.Backend = name).AddEpoll();
        return services.BuildServiceProvider().GetRequiredService<IPollerFactory>();
    }

    private static IEnumerable<IPollerBackend> Find()
    {
        var services = new ServiceCollection();
        services.AddMux().AddEpoll();
        return services.BuildServiceProvider().GetServices<IPollerBackend>().Where(b => b.UnavailableReason is null);
    }
}
