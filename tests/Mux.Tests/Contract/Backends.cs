using Mux.Contract;

namespace Mux.Tests.Contract;

/// <summary>The backends that the contract is run on.</summary>
internal static class Backends
{
    private static readonly IContractBackend[] All =
    [
        new EpollUnderContract(),
        new SelectUnderContract(),
        new KqueueUnderContract(),
        new EmulatedFreeBsdUnderContract(),
        new HostileKqueueUnderContract(),
    ];

    /// <summary>Those that this machine has, one of each kind at least.</summary>
    internal static IReadOnlyList<IContractBackend> OnThisMachine { get; } =
        [.. All.Where(backend => backend.UnavailableReason is null)];
}
