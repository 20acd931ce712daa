using static Mux.Kqueue.KqueueNative;

namespace Mux.Kqueue.Emulation;

/// <summary>kqueue(2) and kevent(2) as a BSD kernel answers them, on Linux.</summary>
internal sealed unsafe class EmulatedKernel(EmulatedSystem system)
    : KeventCalls(system == EmulatedSystem.FreeBsd ? KeventDialect.FreeBsd : KeventDialect.MacOS)
{
    // Darwin's itimerfix.
    private const long DarwinLongestSeconds = 100_000_000;

    private readonly Dictionary<int, EmulatedQueue> _queues = [];
    private readonly Lock _gate = new();
    private int _changes;
    private int _calls;

    internal EmulatedSystem System { get; } = system;

    internal Hostility? Hostility { get; init; }

    /// <summary>
    /// Asked before each change to be made: its number since the kernel began, its filter and flags. An answer other than 0 is
    /// the errno that the change fails with.
    /// </summary>
    internal Func<int, short, ushort, int>? ChangeFault { get; set; }

    /// <summary>Asked by kqueue(2): an answer other than 0 is the errno it fails with.</summary>
    internal Func<int>? CreateFault { get; set; }

    /// <summary>
    /// Called after a call has collected events, and changed the kernel's state accordingly, before it returns them: where other
    /// threads get a deterministic chance to interfere. Gets the number of events.
    /// </summary>
    internal Action<int>? Collected { get; set; }

    /// <summary>Filters that say nothing, whatever happens: an answer that some system gives in some situation.</summary>
    internal Func<short, bool>? Mutes { get; set; }

    /// <summary>Called before a call goes to sleep.</summary>
    internal Action? Sleeping { get; set; }

    internal override int Create()
    {
        var errno = CreateFault?.Invoke() ?? 0;
        if (errno != 0)
            return -errno;
        var queue = new EmulatedQueue(this);
        lock (_gate)
            _queues.Add(queue.Descriptor, queue);
        return queue.Descriptor;
    }

    internal override int Call(int queue, byte* changes, int changeCount, byte* events, int room, Timespec* timeout)
    {
        Interlocked.Increment(ref _calls);
        EmulatedQueue? target;
        lock (_gate)
            _queues.TryGetValue(queue, out target);
        if (target is null)
            return -EBADF;
        if (changeCount < 0 || room < 0)
            return -EINVAL;
        if (timeout is not null
            && (timeout->Seconds < 0 || timeout->Nanoseconds is < 0 or >= 1_000_000_000
                || (System == EmulatedSystem.MacOS && timeout->Seconds > DarwinLongestSeconds)))
        {
            return -EINVAL;
        }

        var receipts = Change(target, changes, changeCount, events, room);
        if (receipts != 0 || room == 0)
            return receipts;
        var count = target.Wait(events, room, timeout);
        if (count <= 0)
            return count;
        if (Hostility is { Shuffles: true })
            Shuffle(events, count);
        Collected?.Invoke(count);
        return count;
    }

    internal override void Close(int queue)
    {
        EmulatedQueue? target;
        lock (_gate)
            _queues.Remove(queue, out target);
        target?.Dispose();
    }

    /// <summary>kevent(2) calls so far.</summary>
    internal int Calls => Volatile.Read(ref _calls);

    /// <summary>The filters of all kqueues, in words: descriptor, filter, mode, whether disabled, user data.</summary>
    internal List<string> Filters()
    {
        lock (_gate)
            return [.. _queues.Values.SelectMany(q => q.Filters()).Order(StringComparer.Ordinal)];
    }

    /// <summary>Makes the changes in order. Receipts and errors take room; without any, the first error ends the list.</summary>
    private int Change(EmulatedQueue target, byte* changes, int changeCount, byte* events, int room)
    {
        var receipts = 0;
        for (var i = 0; i < changeCount; i++)
        {
            ref var change = ref Dialect.At(changes, i);
            var number = Interlocked.Increment(ref _changes) - 1;
            var errno = ChangeFault?.Invoke(number, change.Filter, change.Flags) ?? 0;
            if (errno == 0)
                errno = target.Change(change);
            if (errno == 0 && (change.Flags & EV_RECEIPT) == 0)
                continue;
            if (receipts == room)
                return errno == 0 ? receipts : -errno;
            ref var receipt = ref Dialect.At(events, receipts++);
            receipt = change;
            receipt.Flags = EV_ERROR;
            receipt.Data = errno;
        }

        return receipts;
    }

    private void Shuffle(byte* events, int count)
    {
        for (var i = count - 1; i > 0; i--)
        {
            var j = Hostility!.Next(i + 1);
            (Dialect.At(events, i), Dialect.At(events, j)) = (Dialect.At(events, j), Dialect.At(events, i));
        }
    }
}
