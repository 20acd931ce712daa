namespace Mux;

/// <summary>
/// Armed timers in a 4-ary heap by deadline, and by order of arming among equals. Four children share a cache line or two,
/// and the tree is half as deep as a binary one. Each timer knows its place, so that arming and cancelling cost O(log n)
/// and allocate nothing once the array has grown.
/// </summary>
/// <remarks>
/// Pushing a deadline out, which a busy connection does on every request, only notes it in the timer: the heap's key may
/// lie before the true deadline, never after it. When such an entry comes up it is moved to where it belongs.
/// </remarks>
internal sealed class TimerQueue
{
    private const int Arity = 4;

    private struct Entry
    {
        internal long Deadline;
        internal long Ticket;
        internal LoopTimer Timer;
    }

    private Entry[] _heap = new Entry[16];
    private int _count;
    private long _lastTicket;

    internal int Count => _count;

    /// <summary>The ticket of the newest arming: what is armed later has a higher one.</summary>
    internal long LastTicket => _lastTicket;

    /// <summary>A time that no timer fires before, and that is at most the next deadline; the longest time if none is armed.</summary>
    internal long NextDeadline => _count == 0 ? long.MaxValue : _heap[0].Deadline;

    internal void Arm(LoopTimer timer, long deadline)
    {
        timer.Deadline = deadline;
        timer.Ticket = ++_lastTicket;
        var place = timer.Place;
        if (place < 0)
        {
            if (_count == _heap.Length)
                Array.Resize(ref _heap, _count * 2);
            SiftUp(_count++, EntryOf(timer));
        }
        else if (deadline < _heap[place].Deadline)
        {
            SiftUp(place, EntryOf(timer));
        }
    }

    internal void Cancel(LoopTimer timer)
    {
        var place = timer.Place;
        if (place < 0)
            return;
        timer.Place = LoopTimer.NotArmed;
        var last = _heap[--_count];
        _heap[_count] = default;
        if (place == _count)
            return;
        if (place > 0 && IsBefore(last, _heap[(place - 1) / Arity]))
            SiftUp(place, last);
        else
            SiftDown(place, last);
    }

    /// <summary>Takes the next timer that is due and was not armed after <paramref name="lastTicket"/>.</summary>
    internal LoopTimer? TakeDue(long now, long lastTicket)
    {
        while (_count > 0 && _heap[0].Deadline <= now)
        {
            var timer = _heap[0].Timer;
            if (timer.Ticket != _heap[0].Ticket)
            {
                SiftDown(0, EntryOf(timer));
                continue;
            }

            if (timer.Ticket > lastTicket)
                return null;
            Cancel(timer);
            return timer;
        }

        return null;
    }

    internal void Clear()
    {
        for (var i = 0; i < _count; i++)
            _heap[i].Timer.Place = LoopTimer.NotArmed;
        Array.Clear(_heap, 0, _count);
        _count = 0;
    }

    private static Entry EntryOf(LoopTimer timer) =>
        new() { Deadline = timer.Deadline, Ticket = timer.Ticket, Timer = timer };

    private static bool IsBefore(in Entry left, in Entry right) =>
        left.Deadline < right.Deadline || (left.Deadline == right.Deadline && left.Ticket < right.Ticket);

    private void SiftUp(int place, Entry entry)
    {
        while (place > 0)
        {
            var parent = (place - 1) / Arity;
            if (!IsBefore(entry, _heap[parent]))
                break;
            Put(place, _heap[parent]);
            place = parent;
        }

        Put(place, entry);
    }

    private void SiftDown(int place, Entry entry)
    {
        while (true)
        {
            var child = (place * Arity) + 1;
            if (child >= _count)
                break;
            var end = Math.Min(child + Arity, _count);
            var least = child;
            while (++child < end)
            {
                if (IsBefore(_heap[child], _heap[least]))
                    least = child;
            }

            if (!IsBefore(_heap[least], entry))
                break;
            Put(place, _heap[least]);
            place = least;
        }

        Put(place, entry);
    }

    private void Put(int place, in Entry entry)
    {
        _heap[place] = entry;
        entry.Timer.Place = place;
    }
}
