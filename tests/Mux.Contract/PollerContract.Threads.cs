using System.Collections.Concurrent;
using Mux.Contract.Kernel;
using Mux.Contract.Sequences;
using Xunit;

namespace Mux.Contract;

/// <summary>Rules 11 and 14: calls from other threads, and the end.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "11")]
    public void Add_takes_effect_on_the_Wait_in_progress()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        link.PeerSends(1);
        using var waiter = BlockedWait.Start(poller);
        Assert.True(waiter.UntilBlocked());
        poller.Add(link.Local, 1, Interest.Readable);
        Assert.Equal(1ul, Assert.Single(waiter.Result().Events).Key);
    }

    [ContractFact]
    [Trait("Rule", "11")]
    public void Modify_takes_effect_on_the_Wait_in_progress()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        link.PeerSends(1);
        poller.Add(link.Local, 1, Interest.Readable, PollMode.OneShot);
        AssertReady(poller, 1, Readiness.Readable);
        using var waiter = BlockedWait.Start(poller);
        Assert.True(waiter.UntilBlocked());
        poller.Modify(link.Local, 2, Interest.Readable, PollMode.OneShot);
        Assert.Equal(2ul, Assert.Single(waiter.Result().Events).Key);
    }

    [ContractFact]
    [Trait("Rule", "11")]
    public void Remove_takes_effect_on_the_Wait_in_progress()
    {
        using var poller = Backend.Create();
        using var removed = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Tcp);
        poller.Add(removed.Local, 1, Interest.Readable);
        poller.Add(other.Local, 2, Interest.Readable);
        using var waiter = BlockedWait.Start(poller);
        Assert.True(waiter.UntilBlocked());
        RunBounded("Remove beside a Wait", () => poller.Remove(removed.Local));
        removed.PeerSends(1);
        removed.Dispose(); // nothing of the poller's holds it
        Assert.True(waiter.UntilBlocked(), "The Wait ended for a registration that had been removed.");
        other.PeerSends(1);
        Assert.Equal(2ul, Assert.Single(waiter.Result().Events).Key);
    }

    [ContractFact]
    [Trait("Rule", "11")]
    public void A_second_Wait_at_the_same_time_is_refused_and_harms_neither()
    {
        using var poller = Backend.Create();
        using var waiter = BlockedWait.Start(poller);
        Assert.True(waiter.UntilBlocked());
        Assert.Throws<InvalidOperationException>(() => poller.Wait(new PollEvent[1], TimeSpan.Zero, out _));
        Assert.False(waiter.IsOver);
        poller.Wake();
        Assert.True(waiter.Result().Woken);
        AssertSilent(poller);
    }

    [ContractFact]
    [Trait("Rule", "7, 11")]
    public void Changes_from_several_threads_are_whole_and_none_is_lost()
    {
        using var poller = Backend.Create();
        using var storm = new ThreadStorm(poller, closesFirst: !Backend.Deviations.ContainsKey(KnownDeviation.KeepsClosedDescriptors));
        storm.Run(threads: 3, rounds: 60);
        Assert.Null(storm.Failure);
        Assert.All(poller.GetRegistrations(), registration => Assert.True(registration.Closed));
        AssertSilent(poller); // takes the Wake that ended the storm, if the waiting thread was faster
        AssertSleeps(poller);
    }

    [ContractFact]
    [Trait("Rule", "14")]
    public void Dispose_is_idempotent_and_ends_everything_but_Wake()
    {
        var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Both);
        poller.Dispose();
        poller.Dispose();
        poller.Wake();
        Assert.Throws<ObjectDisposedException>(() => poller.TryAdd(link.Local, 1, Both));
        Assert.Throws<ObjectDisposedException>(() => poller.TryModify(link.Local, 1, Both));
        Assert.Throws<ObjectDisposedException>(() => poller.TryRemove(link.Local));
        Assert.Throws<ObjectDisposedException>(() => poller.Wait(new PollEvent[1], TimeSpan.Zero, out _));
        Assert.Throws<ObjectDisposedException>(() => poller.Wait(new PollEvent[1], TimeSpan.Zero));
        Assert.Throws<ObjectDisposedException>(() => poller.Add(link.Local, 1, Both));
        Assert.Throws<ObjectDisposedException>(() => poller.TryGetDescriptor(out _));
        Assert.Throws<ObjectDisposedException>(poller.GetRegistrations);

        // The registered descriptor is its owner's as before.
        link.PeerSends(1);
        Assert.True(link.Send(1));
        Assert.Equal(1, link.Drain().Bytes);
        using var next = Backend.Create();
        next.Add(link.Local, 2, Interest.Writable);
        AssertReady(next, 2, Readiness.Writable);
    }

    [ContractFact]
    [Trait("Rule", "14")]
    public void Dispose_wakes_a_waiter_and_returns_when_it_has_left()
    {
        for (var i = 0; i < 10; i++)
        {
            var poller = Backend.Create();
            using var link = Link.Open(LinkKind.Tcp);
            poller.Add(link.Local, 1, Interest.Readable);
            var waiter = BlockedWait.Start(poller, timeout: Timeout.InfiniteTimeSpan);
            Assert.True(waiter.UntilBlocked());
            RunBounded("Dispose beside a Wait", poller.Dispose);
            waiter.Join();
            Assert.IsType<ObjectDisposedException>(waiter.Failure);
        }
    }

    [ContractFact]
    [Trait("Rule", "14")]
    public void Dispose_lets_calls_in_progress_leave()
    {
        for (var round = 0; round < 20; round++)
        {
            var poller = Backend.Create();
            var failures = new ConcurrentQueue<Exception>();
            var underway = 0;
            var threads = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
            {
                try
                {
                    using var link = Link.Open(LinkKind.Udp);
                    while (true)
                    {
                        poller.TryAdd(link.Local, 1, Interest.Readable);
                        poller.TryModify(link.Local, 1, Interest.Readable);
                        poller.TryRemove(link.Local);
                        poller.Wake();
                        Interlocked.Increment(ref underway);
                    }
                }
                catch (ObjectDisposedException)
                {
                    // As it should be.
                }
                catch (Exception e)
                {
                    failures.Enqueue(e);
                }
            })
            { IsBackground = true }).ToList();
            threads.ForEach(thread => thread.Start());
            Fence.Until(() => Volatile.Read(ref underway) > 30 || !failures.IsEmpty, "calls to be under way");
            RunBounded("Dispose beside other calls", poller.Dispose);
            Assert.All(threads, thread => Assert.True(thread.Join(Fence.Patience)));
            Assert.Empty(failures);
        }
    }

    [ContractFact(UnixOnly = true)]
    [Trait("Rule", "14")]
    public void Dispose_closes_the_pollers_own_kernel_objects()
    {
        if (!Directory.Exists("/proc/self/fd"))
            return;

        // Other tests open and close descriptors meanwhile; a leak of one per poller would stand out.
        const int Pollers = 400;
        var before = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        for (var i = 0; i < Pollers; i++)
        {
            using var poller = Backend.Create();
            if ((poller.Features & PollerFeatures.Nesting) != 0)
                poller.TryGetDescriptor(out _);
            poller.Wake();
            AssertWoken(poller);
        }

        var after = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        Assert.True(after - before < Pollers / 2, $"{after - before} descriptors more after {Pollers} pollers were disposed.");
    }

    private static void AssertWoken(IPoller poller)
    {
        Assert.Equal(0, poller.Wait(new PollEvent[1], TimeSpan.Zero, out var woken));
        Assert.True(woken);
    }
}
