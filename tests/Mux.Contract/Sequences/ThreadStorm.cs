using System.Collections.Concurrent;
using Mux.Contract.Kernel;

namespace Mux.Contract.Sequences;

/// <summary>
/// Threads that add, modify, remove and close while one waits. Every key is used once, so that an event tells which state of
/// the registration it belongs to: one whose end had been reported to its thread before the Wait began may not appear.
/// </summary>
internal sealed class ThreadStorm(IPoller poller, bool closesFirst) : IDisposable
{
    private readonly ConcurrentDictionary<ulong, long> _endedIn = new();
    private readonly ConcurrentDictionary<ulong, bool> _seen = new();
    private long _lastKey;
    private long _wait;
    private volatile bool _over;
    private Exception? _failure;

    internal Exception? Failure => Volatile.Read(ref _failure);

    internal void Run(int threads, int rounds)
    {
        var waiter = Start(WaitAll);
        var changers = Enumerable.Range(0, threads).Select(number => Start(() => ChangeAll(number, rounds))).ToList();
        foreach (var changer in changers)
            if (!changer.Join(6 * Fence.Patience))
                Fail(new TimeoutException("A thread that changes registrations hangs."));
        _over = true;
        poller.Wake();
        if (!waiter.Join(Fence.Patience))
            Fail(new TimeoutException("The waiting thread hangs."));
    }

    public void Dispose() => _over = true;

    private Thread Start(Action action)
    {
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                Fail(e);
            }
        })
        { IsBackground = true };
        thread.Start();
        return thread;
    }

    private void Fail(Exception e)
    {
        Interlocked.CompareExchange(ref _failure, e, null);
        _over = true;
    }

    private void WaitAll()
    {
        var events = new PollEvent[4];
        while (!_over)
        {
            var number = Interlocked.Increment(ref _wait);
            var count = poller.Wait(events, 2 * Fence.Patience, out var woken);
            if (count == 0 && !woken)
                throw new TimeoutException("Wait reported nothing although threads make links ready.");
            foreach (var e in events.AsSpan(0, count))
            {
                if (_endedIn.TryGetValue(e.Key, out var ended) && ended < number)
                    throw new InvalidOperationException($"Wait {number} reported key {e.Key}, which had ended before Wait {ended} did.");
                _seen[e.Key] = true;
            }
        }
    }

    private void ChangeAll(int number, int rounds)
    {
        var random = new Random(number);
        for (var round = 0; round < rounds && !_over; round++)
        {
            using var link = Link.Open(Link.Kinds[random.Next(Link.Kinds.Count)]);
            var mode = random.Next(2) == 0 ? PollMode.Level : PollMode.OneShot;
            var key = NextKey();
            Expect(poller.TryAdd(link.Local, key, Interest.Readable, mode));
            link.PeerSends(1);
            UntilSeen(key);

            var next = NextKey();
            Expect(poller.TryModify(link.Local, next, Interest.Readable, mode));
            End(key);
            UntilSeen(next);
            key = next;

            if (random.Next(3) == 0)
            {
                Expect(poller.TryModify(link.Local, next = NextKey(), Interest.None, mode));
                End(key);
                key = next;
            }

            if (random.Next(4) == 0)
                poller.Wake();
            if (closesFirst && random.Next(2) == 0)
                link.Local.Dispose();
            else
                Expect(poller.TryRemove(link.Local));
            End(key);
        }
    }

    private ulong NextKey() => (ulong)Interlocked.Increment(ref _lastKey);

    // The Wait under way now may have collected it already; a later one may not report it.
    private void End(ulong key) => _endedIn[key] = Interlocked.Read(ref _wait);

    private void UntilSeen(ulong key) => Fence.Until(() => _over || _seen.ContainsKey(key), $"key {key} to be reported");

    private static void Expect(PollerError error)
    {
        if (error != PollerError.None)
            throw new InvalidOperationException($"A change was answered {error}.");
    }
}
