using Mux.Contract;
using Mux.Kqueue;
using Mux.Kqueue.Emulation;

namespace Mux.Tests.Contract;

/// <summary>
/// The contract on this machine's kqueue: the system's own on macOS and FreeBSD, libkqueue where MUX_KQUEUE_LIBRARY names
/// one, otherwise the emulation of macOS's.
/// </summary>
public sealed class KqueueContract : PollerContract<KqueueUnderContract>;

/// <summary>The contract on an emulated FreeBSD: the 64-byte layout.</summary>
public sealed class KqueueFreeBsdContract : PollerContract<EmulatedFreeBsdUnderContract>;

/// <summary>The contract on an emulated kernel that does whatever kevent(2) leaves it free to do.</summary>
public sealed class KqueueHostileContract : PollerContract<HostileKqueueUnderContract>;

/// <summary>The kqueue this machine has.</summary>
public sealed class KqueueUnderContract : IContractBackend
{
    private static readonly KqueueBackend Native = new();

    private readonly KqueueBackend _backend = Native.UnavailableReason is null ? Native : EmulatedKqueue.CreateBackend();

    private static bool IsEmulated => Native.UnavailableReason is not null;

    private static bool IsLibkqueue => !IsEmulated && OperatingSystem.IsLinux();

    /// <inheritdoc/>
    public string Name => IsEmulated ? "emulated kqueue" : IsLibkqueue ? "libkqueue" : "kqueue";

    /// <inheritdoc/>
    public string? UnavailableReason =>
        IsEmulated && !EmulatedKqueue.IsSupported ? Native.UnavailableReason : _backend.UnavailableReason;

    /// <inheritdoc/>
    public PollerFeatures Features => _backend.Features;

    /// <summary>The other filter of a spent one-shot registration fires once more.</summary>
    public bool MeetsStaleEvents => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<KnownDeviation, string> Deviations { get; } =
        IsEmulated ? KqueueDeviations.OfEmulation : IsLibkqueue ? KqueueDeviations.OfLibkqueue : KqueueDeviations.None;

    /// <inheritdoc/>
    public IPoller Create() => _backend.CreatePoller();
}

/// <summary>An emulated FreeBSD.</summary>
public sealed class EmulatedFreeBsdUnderContract : IContractBackend
{
    private readonly KqueueBackend _backend = EmulatedKqueue.CreateBackend(EmulatedSystem.FreeBsd);

    /// <inheritdoc/>
    public string Name => "emulated kqueue of FreeBSD";

    /// <inheritdoc/>
    public string? UnavailableReason => EmulatedKqueue.IsSupported ? null : "the emulation of kevent is built on Linux's calls";

    /// <inheritdoc/>
    public PollerFeatures Features => _backend.Features;

    /// <inheritdoc/>
    public bool MeetsStaleEvents => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<KnownDeviation, string> Deviations => KqueueDeviations.OfEmulation;

    /// <inheritdoc/>
    public IPoller Create() => _backend.CreatePoller();
}

/// <summary>An emulated kernel that shuffles and interrupts.</summary>
public sealed class HostileKqueueUnderContract : IContractBackend
{
    private readonly KqueueBackend _backend = EmulatedKqueue.CreateBackend(hostility: new Hostility(seed: 4711));

    /// <inheritdoc/>
    public string Name => "hostile kqueue";

    /// <inheritdoc/>
    public string? UnavailableReason => EmulatedKqueue.IsSupported ? null : "the emulation of kevent is built on Linux's calls";

    /// <inheritdoc/>
    public PollerFeatures Features => _backend.Features;

    /// <inheritdoc/>
    public bool MeetsStaleEvents => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<KnownDeviation, string> Deviations => KqueueDeviations.OfEmulation;

    /// <inheritdoc/>
    public IPoller Create() => _backend.CreatePoller();
}

/// <summary>Where what lies below the kqueue backend on Linux is known to fall short of a BSD kernel.</summary>
internal static class KqueueDeviations
{
    internal static IReadOnlyDictionary<KnownDeviation, string> None { get; } = new Dictionary<KnownDeviation, string>();

    internal static IReadOnlyDictionary<KnownDeviation, string> OfEmulation { get; } = new Dictionary<KnownDeviation, string>
    {
    };

    internal static IReadOnlyDictionary<KnownDeviation, string> OfLibkqueue { get; } = new Dictionary<KnownDeviation, string>
    {
        [KnownDeviation.StealsSocketError] = "libkqueue reads SO_ERROR itself",
        [KnownDeviation.StarvesWithSmallRoom] = "libkqueue reports the same filters again when there are more than fit",
        [KnownDeviation.KeepsClosedDescriptors] = "libkqueue keeps a filter whose descriptor was closed",
    };
}
