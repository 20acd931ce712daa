using Mux.Contract;
using Mux.Epoll;

namespace Mux.Tests.Contract;

/// <summary>The contract on epoll.</summary>
public sealed class EpollContract : PollerContract<EpollUnderContract>;

/// <summary>epoll, where there is one.</summary>
public sealed class EpollUnderContract : IContractBackend
{
    private readonly EpollBackend _backend = new();

    /// <inheritdoc/>
    public string Name => _backend.Name;

    /// <inheritdoc/>
    public string? UnavailableReason => _backend.UnavailableReason;

    /// <inheritdoc/>
    public PollerFeatures Features => _backend.Features;

    // A closed descriptor that lives on in a duplicate goes on reporting.
    /// <inheritdoc/>
    public bool MeetsStaleEvents => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<KnownDeviation, string> Deviations { get; } = new Dictionary<KnownDeviation, string>();

    /// <inheritdoc/>
    public IPoller Create() => _backend.CreatePoller();
}
