using System.Runtime.InteropServices;

namespace Mux.Backends;

/// <summary>One slot of a poller's table. Touched only while the poller's gate is held.</summary>
public struct Registration
{
    /// <summary>The object whose closing ends the registration; null for a raw number.</summary>
    public SafeHandle? Handle { get; internal set; }

    /// <summary>The descriptor's number at the time of Add.</summary>
    public nint Descriptor { get; internal set; }

    /// <summary>The caller's key. Never given to the kernel.</summary>
    public ulong Key { get; internal set; }

    /// <summary>What to report.</summary>
    public Interest Interest { get; internal set; }

    /// <summary>How often to report it.</summary>
    public PollMode Mode { get; internal set; }

    /// <summary>Whether the source was known to be a socket when it was added.</summary>
    public bool IsSocket { get; internal set; }

    /// <summary>False for a one-shot registration that has reported and was not modified since.</summary>
    public bool Armed { get; internal set; }

    /// <summary>Whether the slot is in use.</summary>
    public bool Live { get; internal set; }

    /// <summary>Counts the Adds to this slot, so that a kernel event of an earlier one is recognised.</summary>
    public uint Generation { get; internal set; }

    /// <summary>The backend's own notes: which filters exist, whether the kernel's set holds it. 0 when added.</summary>
    public uint KernelState { get; set; }

    /// <summary>The Wait that last reported this registration, and where in its span: rule 3's merging.</summary>
    internal long ReportedIn { get; set; }

    internal int ReportedAt { get; set; }

    /// <summary>Whether its owner was closed without Remove.</summary>
    public readonly bool IsClosed => Handle is { IsClosed: true };

    /// <summary>Whether an event may be reported now (rules 2 and 5).</summary>
    public readonly bool IsReportable => Armed && Interest != Interest.None;

    /// <summary>What the kernel is to give back with each event: slot and generation.</summary>
    /// <param name="slot">The slot this registration is in.</param>
    public readonly ulong UserData(int slot) => (ulong)Generation << 32 | (uint)slot;
}
