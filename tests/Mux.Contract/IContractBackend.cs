namespace Mux.Contract;

/// <summary>
/// A backend under test. Implement it with a parameterless constructor and derive one class from
/// <see cref="PollerContract{TBackend}"/>: the whole suite runs against it.
/// </summary>
public interface IContractBackend
{
    /// <summary>Shown in failures; need not equal <see cref="IPoller.Name"/>, for two variants of one backend have one name.</summary>
    string Name { get; }

    /// <summary>Why this machine cannot run it, which skips every test with that reason; null where it can.</summary>
    string? UnavailableReason { get; }

    /// <summary>What the pollers can do beyond the common contract; decides which tests apply.</summary>
    PollerFeatures Features { get; }

    /// <summary>Makes a poller. The test disposes it.</summary>
    IPoller Create();

    /// <summary>Whether the kernel below reports events of registrations that are gone or spent, for the backend to drop.</summary>
    bool MeetsStaleEvents { get; }

    /// <summary>
    /// Where the system below is known to fall short of the contract, and why. Each named test is skipped with that
    /// reason and the sequences leave the subject out. Empty for a backend that keeps the contract.
    /// </summary>
    IReadOnlyDictionary<KnownDeviation, string> Deviations { get; }
}

/// <summary>The ways in which a system below a backend may be known to fall short; each has tests that name it.</summary>
public enum KnownDeviation
{
    /// <summary>No deviation.</summary>
    None = 0,

    /// <summary>Reads SO_ERROR itself: the user's next receive is told end of stream in place of the error.</summary>
    StealsSocketError,

    /// <summary>A reset makes a disabled write filter fire beside an enabled read filter.</summary>
    ReportsDisabledWriteOnReset,

    /// <summary>The pending error is told on the read filter only.</summary>
    ErrorOnReadOnly,

    /// <summary>With less room than ready registrations the same ones come again and the others starve.</summary>
    StarvesWithSmallRoom,

    /// <summary>A registration outlives the closing of its descriptor.</summary>
    KeepsClosedDescriptors,

    /// <summary>Calls allocate managed memory: the emulation of a kernel is managed code.</summary>
    AllocatesInCalls,

    /// <summary>Signals do not interrupt the wait, so that EINTR cannot be provoked by one.</summary>
    NotInterruptedBySignals,

    /// <summary>One call of the kernel for one call of the poller is not kept.</summary>
    AsksMoreThanOnce,
}
