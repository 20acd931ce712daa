namespace Mux;

/// <content>Who is registered, and to whom an event goes.</content>
/// <remarks>
/// A registration is a slot in a table and a generation that each change counts up; the poller's key is both. An event is
/// delivered only if its generation is the slot's: an event collected before a handler of the same batch modified, ended
/// or replaced the registration finds another generation and is dropped. Dropping after a Modify loses nothing: the poller
/// reports what still holds after a Modify, in every mode (contract rules 1, 2, and Edge's).
/// </remarks>
public sealed partial class EventLoop
{
    private struct Slot
    {
        internal Watcher? Watcher;
        internal uint Generation;
        internal int NextFree;
    }

    private Slot[] _slots = [];
    private int _freeSlot = Watcher.NoSlot;
    private int _registered;

    // Requests to be run again: those of this turn, and those being served.
    private (Watcher Watcher, long Ticket)[] _again = new (Watcher, long)[16];
    private (Watcher Watcher, long Ticket)[] _againRunning = new (Watcher, long)[16];
    private int _againCount;
    private int _againRunningCount;
    private long _lastAgainTicket;

    /// <summary>How many watchers are registered.</summary>
    public int RegistrationCount => _registered;

    /// <summary>Registers a watcher.</summary>
    /// <param name="watcher">Whom to call; not registered anywhere.</param>
    /// <param name="source">What to wait on; it should be non-blocking.</param>
    /// <param name="interest">What to report.</param>
    /// <param name="mode">How often to report it.</param>
    /// <returns>What <see cref="IPoller.TryAdd"/> answers; after an error nothing has changed.</returns>
    /// <exception cref="InvalidOperationException">
    /// The watcher is registered already, the caller is not on the loop's thread, or the loop is stopping.
    /// </exception>
    public PollerError TryRegister(
        Watcher watcher, PollSource source, Interest interest, PollMode mode = PollMode.Level)
    {
        ThrowUnlessRegistrable(watcher);
        var slot = _freeSlot;
        if (slot == Watcher.NoSlot)
        {
            GrowSlots();
            slot = _freeSlot;
        }

        ref var entry = ref _slots[slot];
        var error = _poller.TryAdd(source, Key(slot, entry.Generation), interest, mode);
        if (error == PollerError.None)
            Occupy(watcher, source, slot);
        return error;
    }

    /// <summary>Registers a watcher, as <see cref="TryRegister"/>.</summary>
    /// <param name="watcher">Whom to call; not registered anywhere.</param>
    /// <param name="source">What to wait on; it should be non-blocking.</param>
    /// <param name="interest">What to report.</param>
    /// <param name="mode">How often to report it.</param>
    /// <exception cref="InvalidOperationException">Watcher or source are registered already, or not now or here.</exception>
    /// <exception cref="ArgumentException">The descriptor is closed, invalid or the default.</exception>
    /// <exception cref="NotSupportedException">The backend cannot wait on it, or not in this mode.</exception>
    /// <exception cref="IOException">The kernel's limit of watches or memory is reached.</exception>
    public void Register(Watcher watcher, PollSource source, Interest interest, PollMode mode = PollMode.Level)
    {
        ThrowUnlessRegistrable(watcher);
        if (_freeSlot == Watcher.NoSlot)
            GrowSlots();
        var slot = _freeSlot;
        _poller.Add(source, Key(slot, _slots[slot].Generation), interest, mode);
        Occupy(watcher, source, slot);
    }

    /// <summary>Changes what a watcher is told about, and arms a spent one-shot registration again.</summary>
    /// <param name="watcher">The watcher.</param>
    /// <param name="interest">The new interest.</param>
    /// <param name="mode">The new mode; not "as it was".</param>
    /// <returns>What <see cref="IPoller.TryModify"/> answers; NotRegistered if the watcher is not registered here.</returns>
    /// <exception cref="InvalidOperationException">The caller is not on the loop's thread.</exception>
    public PollerError TryModify(Watcher watcher, Interest interest, PollMode mode = PollMode.Level)
    {
        ArgumentNullException.ThrowIfNull(watcher);
        ThrowIfForeign();
        if (watcher.Loop != this || !watcher.IsRegistered)
            return PollerError.NotRegistered;
        ref var entry = ref _slots[watcher.Slot];
        var generation = entry.Generation + 1;
        var error = _poller.TryModify(watcher.RegisteredSource, Key(watcher.Slot, generation), interest, mode);
        if (error == PollerError.None)
            entry.Generation = generation;
        return error;
    }

    /// <summary>Changes a registration, as <see cref="TryModify"/>.</summary>
    /// <param name="watcher">The watcher.</param>
    /// <param name="interest">The new interest.</param>
    /// <param name="mode">The new mode.</param>
    /// <exception cref="InvalidOperationException">The watcher is not registered here, or the caller not on the loop's thread.</exception>
    /// <exception cref="ArgumentException">The descriptor is closed.</exception>
    /// <exception cref="NotSupportedException">The backend cannot do this mode.</exception>
    /// <exception cref="IOException">The kernel's limit of watches or memory is reached.</exception>
    public void Modify(Watcher watcher, Interest interest, PollMode mode = PollMode.Level)
    {
        ArgumentNullException.ThrowIfNull(watcher);
        ThrowIfForeign();
        if (watcher.Loop != this || !watcher.IsRegistered)
            throw new InvalidOperationException($"{Name}: the watcher is not registered with this loop.");
        ref var entry = ref _slots[watcher.Slot];
        var generation = entry.Generation + 1;
        _poller.Modify(watcher.RegisteredSource, Key(watcher.Slot, generation), interest, mode);
        entry.Generation = generation;
    }

    /// <summary>
    /// Ends a watcher's registration and withdraws its request to be run again: it is not called any more. Its descriptor
    /// stays open; close it after this.
    /// </summary>
    /// <param name="watcher">The watcher.</param>
    /// <returns>Whether it was registered with this loop.</returns>
    /// <exception cref="InvalidOperationException">The caller is not on the loop's thread.</exception>
    public bool Unregister(Watcher watcher)
    {
        ArgumentNullException.ThrowIfNull(watcher);
        ThrowIfForeign();
        if (watcher.Loop != this)
            return false;
        watcher.RunAgainTicket = 0;
        watcher.Loop = null;
        if (!watcher.IsRegistered)
            return false;
        Vacate(watcher);
        return true;
    }

    /// <summary>
    /// Has <see cref="Watcher.OnRunAgain"/> called in the next turn, after another look at the poller, which does not sleep
    /// meanwhile: how work that could go on for long is done in portions. A request made while an earlier one waits to
    /// be served is the same request. The watcher need not be registered.
    /// </summary>
    /// <param name="watcher">The watcher.</param>
    /// <exception cref="InvalidOperationException">
    /// The caller is not on the loop's thread, the loop is stopping, or the watcher belongs to another loop.
    /// </exception>
    public void RunAgain(Watcher watcher)
    {
        ArgumentNullException.ThrowIfNull(watcher);
        ThrowIfForeignOrStopping();
        if (watcher.Loop is not null && watcher.Loop != this)
            throw new InvalidOperationException($"{Name}: the watcher belongs to {watcher.Loop.Name}.");
        if (watcher.RunAgainTicket != 0)
            return;
        watcher.Loop = this;
        watcher.RunAgainTicket = ++_lastAgainTicket;
        if (_againCount == _again.Length)
            Array.Resize(ref _again, _againCount * 2);
        _again[_againCount++] = (watcher, _lastAgainTicket);
    }

    private void Dispatch(ReadOnlySpan<PollEvent> events)
    {
        foreach (ref readonly var e in events)
        {
            var slot = (uint)e.Key;
            var slots = _slots;
            if (slot >= (uint)slots.Length || slots[slot].Generation != (uint)(e.Key >> 32)
                || slots[slot].Watcher is not { } watcher)
            {
                _stale++;
                continue;
            }

            _delivered++;
            try
            {
                watcher.OnReady(e.Readiness);
            }
            catch (Exception exception)
            {
                Fault(watcher, exception);
            }
        }
    }

    /// <summary>What was asked for up to now is served in this turn; what its events ask for, in the next.</summary>
    private void BeginRunAgain()
    {
        (_again, _againRunning) = (_againRunning, _again);
        _againRunningCount = _againCount;
        _againCount = 0;
    }

    private void RunAgainWatchers()
    {
        for (var i = 0; i < _againRunningCount; i++)
        {
            var (watcher, ticket) = _againRunning[i];
            _againRunning[i] = default;
            if (watcher.RunAgainTicket != ticket || watcher.Loop != this)
                continue;
            watcher.RunAgainTicket = 0;
            if (!watcher.IsRegistered)
                watcher.Loop = null;
            _runAgains++;
            try
            {
                watcher.OnRunAgain();
            }
            catch (Exception exception)
            {
                Fault(watcher, exception);
            }
        }

        _againRunningCount = 0;
    }

    private void Fault(Watcher watcher, Exception exception)
    {
        Report(exception, watcher);
        Unregister(watcher);
        try
        {
            watcher.OnFaulted(exception);
        }
        catch (Exception e)
        {
            Report(e, watcher);
        }
    }

    private void StopRegistrations()
    {
        Volatile.Write(ref _phase, (int)Phase.Stopping);
        _timers.Clear();
        for (var slot = 0; slot < _slots.Length; slot++)
        {
            if (_slots[slot].Watcher is { } watcher)
                StopWatcher(watcher);
        }

        StopRunAgain(_againRunning.AsSpan(0, _againRunningCount));
        StopRunAgain(_again.AsSpan(0, _againCount));
        _againRunningCount = _againCount = 0;
    }

    private void StopRunAgain(Span<(Watcher Watcher, long Ticket)> requests)
    {
        foreach (var (watcher, ticket) in requests)
        {
            if (watcher is not null && watcher.Loop == this && watcher.RunAgainTicket == ticket)
                StopWatcher(watcher);
        }

        requests.Clear();
    }

    private void StopWatcher(Watcher watcher)
    {
        try
        {
            Unregister(watcher);
        }
        catch (ObjectDisposedException)
        {
            // The poller is gone, and with it all that was registered.
        }

        try
        {
            watcher.OnStopped();
        }
        catch (Exception e)
        {
            Report(e, watcher);
        }
    }

    private void ThrowUnlessRegistrable(Watcher watcher)
    {
        ArgumentNullException.ThrowIfNull(watcher);
        ThrowIfForeignOrStopping();
        if (watcher.IsRegistered)
            throw new InvalidOperationException($"{Name}: the watcher is registered already, with {watcher.Loop?.Name}.");
        if (watcher.Loop is not null && watcher.Loop != this)
            throw new InvalidOperationException($"{Name}: the watcher belongs to {watcher.Loop.Name}.");
    }

    private void Occupy(Watcher watcher, PollSource source, int slot)
    {
        ref var entry = ref _slots[slot];
        _freeSlot = entry.NextFree;
        entry.Watcher = watcher;
        watcher.Slot = slot;
        watcher.RegisteredSource = source;
        watcher.Loop = this;
        _registered++;
    }

    private void Vacate(Watcher watcher)
    {
        // Whatever it answers, nothing is registered afterwards: NotRegistered means that it was gone already.
        var source = watcher.RegisteredSource;
        ref var entry = ref _slots[watcher.Slot];
        entry.Watcher = null;
        entry.Generation++;
        entry.NextFree = _freeSlot;
        _freeSlot = watcher.Slot;
        watcher.Slot = Watcher.NoSlot;
        watcher.RegisteredSource = default;
        _registered--;
        _poller.TryRemove(source);
    }

    private void GrowSlots()
    {
        var old = _slots.Length;
        Array.Resize(ref _slots, Math.Max(16, old * 2));
        for (var slot = _slots.Length - 1; slot >= old; slot--)
        {
            _slots[slot].NextFree = _freeSlot;
            _freeSlot = slot;
        }
    }

    private static ulong Key(int slot, uint generation) => ((ulong)generation << 32) | (uint)slot;
}
