using Microsoft.Extensions.DependencyInjection;
using Mux;
using Mux.Kqueue.Emulation;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>
/// The backends that can run here: the server's tests run on each. Where there is no kqueue, and no library that
/// offers it (MUX_KQUEUE_LIBRARY), its backend runs over the emulation of kevent.
/// </summary>
internal static class Backends
{
    private const string Emulated = "kqueue, emulated";

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = Find();

    /// <summary>The same, for theories.</summary>
    public static TheoryData<string> Available { get; } = [.. Names];

    /// <summary>Makes pollers of one of them.</summary>
    public static IPollerFactory Factory(string name)
    {
        var services = new ServiceCollection();
        if (name == Emulated)
        {
            var kernel = EmulatedKqueue.CreateBackend(EmulatedSystem.FreeBsd, new Hostility(seed: 1));
            services.AddMux(o => o.Backend = kernel.Name).Services.AddSingleton<IPollerBackend>(kernel);
        }
        else
        {
            services.AddMux(o => o.Backend = name).AddEpoll().AddKqueue().AddSelect();
        }

        return services.BuildServiceProvider().GetRequiredService<IPollerFactory>();
    }

    private static List<string> Find()
    {
        var services = new ServiceCollection();
        services.AddMux().AddEpoll().AddKqueue().AddSelect();
        var names = services.BuildServiceProvider().GetServices<IPollerBackend>()
            .Where(b => b.UnavailableReason is null).Select(b => b.Name).ToList();
        if (!names.Contains("kqueue") && EmulatedKqueue.IsSupported)
            names.Add(Emulated);
        return names;
    }
}
