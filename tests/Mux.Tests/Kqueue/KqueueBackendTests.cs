using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Mux.Kqueue;
using Mux.Kqueue.Emulation;

namespace Mux.Tests.Kqueue;

/// <summary>Where the backend takes kevent from, and how it says that there is none.</summary>
public sealed class KqueueBackendTests
{
    [Fact]
    public void A_library_that_cannot_be_loaded_is_named()
    {
        if (OperatingSystem.IsWindows())
            return;
        var backend = new KqueueBackend(new KqueueOptions { Library = "no-such-library" });
        Assert.Contains("'no-such-library'", backend.UnavailableReason, StringComparison.Ordinal);
        Assert.Contains("no-such-library", Assert.Throws<PlatformNotSupportedException>(backend.CreatePoller).Message, StringComparison.Ordinal);
        Assert.Throws<PlatformNotSupportedException>(() => new KqueuePoller("no-such-library"));
    }

    [Fact]
    public void A_library_without_kevent_is_named()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var backend = new KqueueBackend(new KqueueOptions { Library = "libm.so.6" });
        Assert.Contains("'libm.so.6' has no kqueue", backend.UnavailableReason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_comes_from_configuration_and_code_wins_over_it()
    {
        var configuration = new ConfigurationManager { ["Mux:Kqueue:Library"] = "from-configuration" };
        Assert.Equal("from-configuration", Library(null));
        Assert.Equal("from-code", Library(o => o.Library = "from-code"));

        string? Library(Action<KqueueOptions>? configure)
        {
            var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration);
            services.AddMux().AddKqueue(configure);
            using var provider = services.BuildServiceProvider();
            Assert.Equal("kqueue", Assert.Single(provider.GetServices<IPollerBackend>()).Name);
            return provider.GetRequiredService<IOptions<KqueueOptions>>().Value.Library;
        }
    }

    [EmulationFact]
    public void Its_features_are_those_of_its_pollers()
    {
        foreach (var system in Enum.GetValues<EmulatedSystem>())
        {
            var backend = EmulatedKqueue.CreateBackend(system);
            using var poller = backend.CreatePoller();
            Assert.Null(backend.UnavailableReason);
            Assert.Equal(backend.Features, poller.Features);
            Assert.Equal(
                PollerFeatures.EdgeTriggered | PollerFeatures.AnyDescriptor | PollerFeatures.SubMillisecondTimeout | PollerFeatures.Nesting,
                poller.Features);
            Assert.Equal("kqueue", poller.Name);
        }
    }

    [Fact]
    public void Two_of_its_layouts_are_32_bytes_and_FreeBSDs_is_64()
    {
        Assert.Equal((32, -10), (KeventDialect.MacOS.Size, KeventDialect.MacOS.EVFILT_USER));
        Assert.Equal((64, -11), (KeventDialect.FreeBsd.Size, KeventDialect.FreeBsd.EVFILT_USER));
        Assert.Equal((32, -11), (KeventDialect.LibKqueue.Size, KeventDialect.LibKqueue.EVFILT_USER));
    }
}
