using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Mux;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds Mux to a program's services.</summary>
public static class MuxServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IPollerFactory"/> and reads <see cref="MuxOptions"/> from section <c>Mux</c> of the program's
    /// configuration, where it has one. Resolving the factory chooses the backend, once; in a hosted program that
    /// happens when the host starts.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets options in code; runs after the configuration and so wins over it.</param>
    /// <returns>A builder for the backends: <c>.AddEpoll().AddKqueue().AddSelect()</c>.</returns>
    public static IMuxBuilder AddMux(this IServiceCollection services, Action<MuxOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<MuxOptions>, ConfigureMuxOptions>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MuxOptions>, ValidateMuxOptions>());
        services.AddOptions<MuxOptions>().ValidateOnStart();
        if (configure is not null)
            services.Configure(configure);
        services.TryAddSingleton<IPollerFactory, PollerFactory>();
        return new Builder(services);
    }

    private sealed class Builder(IServiceCollection services) : IMuxBuilder
    {
        public IServiceCollection Services { get; } = services;
    }

    // By hand and not with the configuration binder, which needs reflection: two keys do not.
    private sealed class ConfigureMuxOptions(IServiceProvider services) : IConfigureOptions<MuxOptions>
    {
        public void Configure(MuxOptions options)
        {
            if (services.GetService<IConfiguration>()?.GetSection(MuxOptions.Section) is not { } section)
                return;
            if (section[nameof(MuxOptions.Backend)] is { Length: > 0 } backend)
                options.Backend = backend;
            if (section[nameof(MuxOptions.RequiredFeatures)] is not { Length: > 0 } features)
                return;
            if (!Enum.TryParse(features, ignoreCase: true, out PollerFeatures required))
            {
                throw new OptionsValidationException(MuxOptions.Section, typeof(MuxOptions),
                [
                    $"{MuxOptions.Section}:{nameof(MuxOptions.RequiredFeatures)} is '{features}'; "
                    + $"it takes, separated by commas: {string.Join(", ", Enum.GetNames<PollerFeatures>())}.",
                ]);
            }

            options.RequiredFeatures = required;
        }
    }

    // Makes "a backend that this system lacks" an error at start instead of at the first poller.
    private sealed class ValidateMuxOptions(IEnumerable<IPollerBackend> backends) : IValidateOptions<MuxOptions>
    {
        public ValidateOptionsResult Validate(string? name, MuxOptions options)
        {
            try
            {
                BackendSelection.Choose(backends, options);
                return ValidateOptionsResult.Success;
            }
            catch (BackendUnavailableException e)
            {
                return ValidateOptionsResult.Fail(e.Message);
            }
        }
    }

    private sealed class PollerFactory(IEnumerable<IPollerBackend> backends, IOptions<MuxOptions> options) : IPollerFactory
    {
        private readonly IPollerBackend _backend = BackendSelection.Choose(backends, options.Value);

        public string BackendName => _backend.Name;

        public PollerFeatures Features => _backend.Features;

        public IPoller Create() => _backend.CreatePoller();
    }
}
