namespace Mux.Backends;

// Waiting, waking and disposal.
public abstract partial class PollerBase
{
    // Guards the hand-over between a Dispose that waits for the waiter to leave, and that waiter.
    private readonly object _left = new();
    private CollectedEvent[] _batch = new CollectedEvent[64];
    private int _waiting;
    private int _wakePending;
    private int _waking; // Wakes under way without the gate.
    private int _deadBatches;
    private long _waits;
    private long _polls;
    private long _events;
    private long _changes;
    private long _wakes;
    private long _interrupted;
    private long _staleDropped;
    private long _rebuilds;

    /// <inheritdoc/>
    public PollerStatistics Statistics
    {
        get
        {
            lock (Gate)
            {
                return new()
                {
                    Waits = Volatile.Read(ref _waits),
                    Polls = Volatile.Read(ref _polls),
                    Events = _events,
                    Changes = _changes,
                    Wakes = Volatile.Read(ref _wakes),
                    Interrupted = Volatile.Read(ref _interrupted),
                    StaleDropped = _staleDropped,
                    Rebuilds = _rebuilds,
                    Registrations = _registrations.Count,
                };
            }
        }
    }

    /// <inheritdoc/>
    public int Wait(Span<PollEvent> events, TimeSpan timeout, out bool woken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (events.IsEmpty)
            throw new ArgumentException("There is no room for an event.", nameof(events));
        var deadline = PollDeadline.After(timeout);
        if (Interlocked.Exchange(ref _waiting, 1) != 0)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            throw new InvalidOperationException($"{Name}: another thread is waiting on this poller; one waits at a time.");
        }

        try
        {
            // Dispose sets the flag first and looks for a waiter second; this is the same pair in the other order.
            ObjectDisposedException.ThrowIf(_disposed, this);
            _waits++;
            return WaitForEvents(events, deadline, timeout, out woken);
        }
        finally
        {
            Interlocked.Exchange(ref _waiting, 0);
            if (_disposed)
            {
                lock (_left)
                    Monitor.PulseAll(_left);
            }
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        Interlocked.Increment(ref _wakes);

        // Whoever finds the flag set leaves the kernel's part to the one that set it: many Wakes count as one (rule 10).
        if (Interlocked.Exchange(ref _wakePending, 1) != 0)
            return;
        if (WakeNeedsGate)
        {
            lock (Gate)
            {
                if (!_disposed)
                    WakeCore();
            }

            return;
        }

        // Counted first and asked second; Dispose sets the flag first and looks at the count second.
        Interlocked.Increment(ref _waking);
        if (!_disposed)
            WakeCore();
        Interlocked.Decrement(ref _waking);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposing, 1) != 0)
            return;
        lock (Gate)
        {
            _disposed = true;
            WakeCore();
        }

        lock (_left)
        {
            while (Interlocked.CompareExchange(ref _waiting, 0, 0) != 0)
                Monitor.Wait(_left);
        }

        var patience = default(SpinWait);
        while (Interlocked.CompareExchange(ref _waking, 0, 0) != 0)
            patience.SpinOnce();
        lock (Gate)
            DisposeCore();
        GC.SuppressFinalize(this);
    }

    private int WaitForEvents(Span<PollEvent> events, PollDeadline deadline, TimeSpan timeout, out bool woken)
    {
        var count = 0;
        var fruitless = 0;
        woken = false;
        while (true)
        {
            // Zero once something is at hand: a further round only fetches what the last one had no room for.
            var patience = count > 0 || woken || Volatile.Read(ref _wakePending) != 0 ? TimeSpan.Zero : timeout;
            var batch = Batch(events.Length - count);
            _polls++;
            var collected = Collect(batch, patience);
            var before = count;
            var lost = 0;
            if (collected < 0)
                _interrupted++;
            else
                lost = Deliver(batch[..collected], events, ref count);
            woken |= Interlocked.Exchange(ref _wakePending, 0) != 0;

            // Entries that turned out to be a wake-up or stale took room from live ones that may stand behind them.
            var more = collected == batch.Length && lost > 0 && count < events.Length;
            if (count > 0 || woken)
            {
                if (!more || (count == before && fruitless++ > _registrations.SlotCount))
                    return count;
                continue;
            }

            // Once the time is over: an interrupted question has no answer yet, and a full batch of nothing but stale events
            // says nothing about what is ready. Ask again then, until every registration has had its turn.
            timeout = deadline.Remaining();
            if (timeout == TimeSpan.Zero && collected >= 0 && (!more || fruitless++ > _registrations.SlotCount))
                return 0;
        }
    }

    /// <summary>Room for what the kernel may say: never more than the caller has, nor than two filters per registration.</summary>
    private Span<CollectedEvent> Batch(int room)
    {
        var wanted = Math.Min(room, (2 * _registrations.SlotCount) + 2);
        if (wanted > _batch.Length)
            _batch = new CollectedEvent[Math.Max(wanted, 2 * _batch.Length)];
        return _batch.AsSpan(0, Math.Min(room, _batch.Length));
    }

    /// <summary>Turns a batch into events: drops the stale, masks by interest, merges, disarms. Returns how many entries gave nothing.</summary>
    private int Deliver(ReadOnlySpan<CollectedEvent> batch, Span<PollEvent> events, ref int count)
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var lost = 0;
            var dead = 0;
            var wakes = 0;
            foreach (ref readonly var entry in batch)
            {
                if (entry.UserData == CollectedEvent.Wake)
                {
                    wakes++;
                }
                else if (!_registrations.TryFindLive(entry.UserData, out var slot))
                {
                    dead++;
                    _staleDropped++;
                }
                else if (!Report(ref _registrations[slot], entry.Readiness, events, ref count))
                {
                    lost++;
                    _staleDropped++;
                }
            }

            // A descriptor that lives on in a duplicate after its number was closed reports for ever and cannot be removed
            // by number. One batch of the dead may be a race with Remove; two in a row are such a descriptor (rule 9).
            if (dead == 0 || dead + wakes < batch.Length)
            {
                if (batch.Length > wakes)
                    _deadBatches = 0;
            }
            else if (++_deadBatches == 2)
            {
                _deadBatches = 0;
                _rebuilds++;
                RebuildCore();
            }

            return lost + dead + wakes;
        }
    }

    private bool Report(ref Registration registration, Readiness readiness, Span<PollEvent> events, ref int count)
    {
        // Only what was asked, and a hint never alone (rule 5). Readiness and Interest share their two low bits.
        readiness &= (Readiness)registration.Interest | Readiness.ReadClosed | Readiness.WriteClosed | Readiness.Error;
        if ((readiness & (Readiness.Readable | Readiness.Writable)) == 0)
            return false;

        // The sibling filter of one already reported in this Wait joins it, also when that one spent the registration. (A
        // Modify between two rounds of a Wait may have armed it again: what is reported now spends that arming too.)
        if (registration.ReportedIn == _waits)
        {
            Disarm(ref registration);
            var at = registration.ReportedAt;
            events[at] = new(events[at].Key, events[at].Readiness | readiness);
            return true;
        }

        if (!registration.Armed)
            return false;
        Disarm(ref registration);
        registration.ReportedIn = _waits;
        registration.ReportedAt = count;
        events[count++] = new(registration.Key, readiness);
        _events++;
        return true;
    }

    private static void Disarm(ref Registration registration)
    {
        if ((registration.Mode & PollMode.OneShot) != 0)
            registration.Armed = false;
    }
}
