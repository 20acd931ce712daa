using Mux.Contract;
using Mux.Select;

namespace Mux.Tests.Contract;

/// <summary>The contract on select.</summary>
public sealed class SelectContract : PollerContract<SelectUnderContract>;

/// <summary>select, which every system has.</summary>
public sealed class SelectUnderContract : IContractBackend
{
    private readonly SelectBackend _backend = new();

    /// <inheritdoc/>
    public string Name => _backend.Name;

    /// <inheritdoc/>
    public string? UnavailableReason => _backend.UnavailableReason;

    /// <inheritdoc/>
    public PollerFeatures Features => _backend.Features;

    /// <summary>It asks about what is registered and armed and nothing else, so there is nothing stale to drop.</summary>
    public bool MeetsStaleEvents => false;

    /// <inheritdoc/>
    public IReadOnlyDictionary<KnownDeviation, string> Deviations { get; } = new Dictionary<KnownDeviation, string>();

    /// <inheritdoc/>
    public IPoller Create() => _backend.CreatePoller();
}
