namespace Mux.Contract.Sequences;

/// <summary>Holds the events of the Waits of one step against what the model demands and allows.</summary>
internal sealed class WaitCheck(ContractModel model, Coverage coverage, Action<string> fail)
{
    private const Readiness Directions = Readiness.Readable | Readiness.Writable;

    private readonly Readiness[] _must = new Readiness[model.Slots.Length];
    private readonly Readiness[] _may = new Readiness[model.Slots.Length];
    private readonly Readiness[] _seen = new Readiness[model.Slots.Length];
    private readonly bool[] _determined = new bool[model.Slots.Length];
    private readonly bool[] _wasUncertain = new bool[model.Slots.Length];
    private bool _roomForAll;
    private bool _wakeExpected;
    private bool _wokenOutcome;

    /// <summary>Takes down what the model expects now.</summary>
    /// <returns>How many Waits rule 12 gives the poller to report everything.</returns>
    internal int Begin(int room)
    {
        var ready = model.MayReport;
        for (var i = 0; i < _must.Length; i++)
        {
            var slot = model.Slots[i];
            _must[i] = slot.Must;
            _may[i] = slot.May;
            _seen[i] = Readiness.None;
            _determined[i] = _must[i] != Readiness.None && !_wasUncertain[i];
        }

        if (model.MustReport > room)
            coverage.Count(Situation.MoreReadyThanRoom);
        _roomForAll = room >= (2 * ready) + model.MayTakeRoom;
        _wokenOutcome = _wakeExpected = model.WakePending;
        return (((2 * ready) + room - 1) / room) + 1;
    }

    /// <summary>One Wait's answer.</summary>
    internal void Observe(ReadOnlySpan<PollEvent> events, bool woken)
    {
        if (woken != _wakeExpected)
            fail(_wakeExpected ? "Wait did not say woken after a Wake" : "Wait said woken without a Wake");
        _wakeExpected = false;
        if (events.IsEmpty && HasSomethingToReport())
            fail($"Wait reported nothing; expected {Expected()}");

        var seenNow = new HashSet<int>();
        foreach (var e in events)
        {
            var i = Array.FindIndex(model.Slots, slot => slot.Registration is { } registration && registration.Key == e.Key);
            if (i < 0)
            {
                fail($"event {e} is of no current registration: removed, replaced, or with an old key; expected {Expected()}");
                return;
            }

            if (!seenNow.Add(i))
                fail($"{i} was reported twice in one Wait");
            Observe(i, e);
        }

        if (!_roomForAll)
            return;
        for (var i = 0; i < _must.Length; i++)
            if (IsDue(i) && !seenNow.Contains(i))
                fail($"{i} was not reported although there was room for all; expected {Expected()}, got {Text(events)}");
            else if (seenNow.Contains(i) && (_must[i] & ~_seen[i]) != 0)
                fail($"{i} was reported without {_must[i] & ~_seen[i]} although both were ready; got {Text(events)}");
        ForgetSeenLevels();
    }

    /// <summary>All Waits of the step are done.</summary>
    /// <returns>The outcome in a line.</returns>
    internal string End()
    {
        var lines = new List<string>();
        for (var i = 0; i < _must.Length; i++)
        {
            if (!_roomForAll && _must[i] != 0)
            {
                // A one-shot registration has one event, and a span too short for both directions may split them.
                var missing = Mode(i) == PollMode.OneShot && _seen[i] != 0 ? Readiness.None : _must[i] & ~_seen[i];
                if (missing != 0)
                    fail($"{i} was not reported {missing} within the Waits that fairness grants; expected {Expected()}");
            }

            if (_determined[i])
                lines.Add($"{i} {(Mode(i) == PollMode.OneShot && !_roomForAll ? "reported" : _must[i])}");
            Settle(i);
        }

        model.WakePending = false;
        return $"{(_wokenOutcome ? "woken " : "")}[{string.Join(", ", lines)}]";
    }

    private void Observe(int i, PollEvent e)
    {
        var registration = model.Slots[i].Registration!;
        var directions = e.Readiness & Directions;
        if (registration.Dead)
            fail($"{i} was reported after it was closed: {e}");
        if (!registration.Armed)
            fail($"{i} was reported again after its one shot: {e}");
        if (directions == 0)
            fail($"{e} carries neither Readable nor Writable");
        if ((directions & ~registration.Mask) != 0)
            fail($"{e} carries what was not asked for: interest is {registration.Interest}");
        if ((directions & ~_may[i]) != 0)
            fail($"{e} claims {directions & ~_may[i]}, which would block; expected {Expected()}");
        if ((e.Readiness & ~Directions & ~TrueHints(i)) != 0)
            fail($"{e} carries an untrue hint; true are {TrueHints(i)}");
        if (directions == Directions)
            coverage.Count(Situation.ReadAndWriteMerged);
        _seen[i] |= directions;
        if (registration.Mode == PollMode.OneShot)
            registration.Armed = false;
    }

    // Level readiness is due in every Wait, a shot in one.
    private bool IsDue(int i) => _must[i] != 0 && model.Slots[i].Registration is { Armed: true };

    private void ForgetSeenLevels()
    {
        for (var i = 0; i < _seen.Length; i++)
            if (Mode(i) == PollMode.Level)
                _seen[i] = Readiness.None;
    }

    private bool HasSomethingToReport()
    {
        for (var i = 0; i < _must.Length; i++)
            if (IsDue(i))
                return true;
        return false;
    }

    // A shot that might or might not have been fired: this run knows, but another system may have decided otherwise.
    private void Settle(int i)
    {
        if (model.Slots[i].Registration is not { Dead: false, Mode: PollMode.OneShot })
            return;
        if (_must[i] == 0 && _may[i] != 0)
            _wasUncertain[i] = true;
    }

    /// <summary>A Modify or Add makes a registration certain again.</summary>
    internal void Certain(int slot) => _wasUncertain[slot] = false;

    private PollMode Mode(int i) => model.Slots[i].Registration?.Mode ?? PollMode.Level;

    private Readiness TrueHints(int i) => model.Slots[i].Link?.TrueHints ?? Readiness.None;

    private string Expected()
    {
        var parts = Enumerable.Range(0, _must.Length)
            .Where(i => _may[i] != 0)
            .Select(i => _must[i] == _may[i] ? $"{i} {_must[i]}" : $"{i} {_must[i]} (and perhaps {_may[i] & ~_must[i]})");
        return $"[{string.Join("; ", parts)}]";
    }

    private string Text(ReadOnlySpan<PollEvent> events)
    {
        var texts = new List<string>();
        foreach (var e in events)
            texts.Add($"{Array.FindIndex(model.Slots, slot => slot.Registration?.Key == e.Key)} {e.Readiness}");
        return $"[{string.Join("; ", texts)}]";
    }
}
