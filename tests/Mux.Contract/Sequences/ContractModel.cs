namespace Mux.Contract.Sequences;

/// <summary>How a registration names its descriptor.</summary>
internal enum SourceKind
{
    Socket,
    Handle,
    Number,
}

/// <summary>One registration as the contract sees it.</summary>
internal sealed class RegistrationModel
{
    internal required SourceKind Source { get; init; }
    internal required ulong Key { get; set; }
    internal required Interest Interest { get; set; }
    internal required PollMode Mode { get; set; }
    internal bool Armed { get; set; } = true;

    /// <summary>Its object was closed without Remove: nothing of it may ever be reported (rule 7).</summary>
    internal bool Dead { get; set; }

    /// <summary>
    /// A one-shot registration for which something could be reported that needs not be: whether it is spent differs by
    /// system until the next Modify.
    /// </summary>
    internal bool Uncertain { get; set; }

    internal Readiness Mask => (Readiness)Interest;
}

/// <summary>One place of a scenario: a link, or none, and the registration under its number.</summary>
internal sealed class SlotModel
{
    internal LinkModel? Link { get; set; }
    internal RegistrationModel? Registration { get; set; }

    /// <summary>A duplicate of a descriptor closed since is still open, and its peer can send.</summary>
    internal bool Ghost { get; set; }
    internal int GhostInbound { get; set; }

    internal bool IsRegistered => Registration is { Dead: false };

    /// <summary>What a Wait must report for this slot.</summary>
    internal Readiness Must => Registration is { Uncertain: true } ? Readiness.None : Reported(Link?.Must);

    /// <summary>What a Wait may report for this slot.</summary>
    internal Readiness May => Reported(Link?.May);

    private Readiness Reported(Readiness? readiness) => Registration is { Dead: false, Armed: true } registration
        ? (readiness ?? Readiness.None) & registration.Mask
        : Readiness.None;
}

/// <summary>
/// The contract as a machine: commands change it, and it says what each Wait must and may report. It knows no backend and
/// touches no kernel, so that the generator and the shrinker can run it too.
/// </summary>
internal sealed class ContractModel(int slots)
{
    private ulong _lastKey = 100;

    internal SlotModel[] Slots { get; } = [.. Enumerable.Range(0, slots).Select(_ => new SlotModel())];
    internal bool WakePending { get; set; }

    /// <summary>Registrations that a Wait must report.</summary>
    internal int MustReport => Slots.Count(slot => slot.Must != Readiness.None);

    /// <summary>Registrations that a Wait may report, those it must included.</summary>
    internal int MayReport => Slots.Count(slot => slot.May != Readiness.None);

    /// <summary>
    /// Kernel events that are none of the caller's but may take room in a batch before they are dropped: of closed
    /// descriptors with a duplicate, and of the other direction of spent one-shot registrations.
    /// </summary>
    internal int MayTakeRoom => Slots.Count(slot => slot.Ghost)
        + Slots.Count(slot => slot.Registration is { Dead: true } or { Armed: false });

    internal ulong NextKey() => ++_lastKey;

    /// <summary>A Wait has asked about everything: spends what must have been spent.</summary>
    internal void AfterWait()
    {
        WakePending = false;
        foreach (var slot in Slots)
        {
            if (slot.Registration is not { Mode: PollMode.OneShot, Armed: true } registration)
                continue;
            if (slot.Must != Readiness.None)
                registration.Armed = false;
            else if (slot.May != Readiness.None)
                registration.Uncertain = true;
        }
    }
}
