using Microsoft.Extensions.DependencyInjection.Extensions;
using Mux;
using Mux.Epoll;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the epoll backend to those a program can choose.</summary>
public static class EpollServiceCollectionExtensions
{
    /// <summary>Adds epoll. Harmless where the system lacks it: it is then not available, with the reason.</summary>
    /// <param name="builder">What AddMux returned.</param>
    public static IMuxBuilder AddEpoll(this IMuxBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPollerBackend, EpollBackend>());
        return builder;
    }
}
