using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Mux;
using Mux.Kqueue;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the kqueue backend to those a program can choose.</summary>
public static class KqueueServiceCollectionExtensions
{
    /// <summary>Adds kqueue. Harmless where the system lacks it: it is then not available, with the reason.</summary>
    /// <param name="builder">What AddMux returned.</param>
    /// <param name="configure">Sets options in code; runs after the configuration and so wins over it.</param>
    public static IMuxBuilder AddKqueue(this IMuxBuilder builder, Action<KqueueOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<KqueueOptions>, ConfigureKqueueOptions>());
        if (configure is not null)
            builder.Services.Configure(configure);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPollerBackend, KqueueBackend>(
            services => new(services.GetRequiredService<IOptions<KqueueOptions>>().Value)));
        return builder;
    }

    private sealed class ConfigureKqueueOptions(IServiceProvider services) : IConfigureOptions<KqueueOptions>
    {
        public void Configure(KqueueOptions options)
        {
            var section = services.GetService<IConfiguration>()?.GetSection(KqueueOptions.Section);
            if (section?[nameof(KqueueOptions.Library)] is { Length: > 0 } library)
                options.Library = library;
        }
    }
}
