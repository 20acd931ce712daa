using Mux.Contract.Kernel;
using Mux.Contract.Sequences;
using Xunit;

namespace Mux.Contract;

/// <summary>Rule 10: Wake.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "10")]
    public void A_Wake_before_a_Wait_ends_the_next_one_whatever_its_timeout()
    {
        using var poller = Backend.Create();
        foreach (var timeout in new[] { TimeSpan.Zero, 2 * Fence.Patience, Timeout.InfiniteTimeSpan })
        {
            poller.Wake();
            RunBounded("a Wait after a Wake", () =>
            {
                Assert.Equal(0, poller.Wait(new PollEvent[4], timeout, out var woken));
                Assert.True(woken);
            });
            AssertSleeps(poller);
        }
    }

    [ContractFact]
    [Trait("Rule", "10")]
    public void A_Wake_ends_a_Wait_that_blocks()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        for (var i = 0; i < 20; i++)
        {
            using var waiter = BlockedWait.Start(poller, timeout: Timeout.InfiniteTimeSpan);
            Assert.True(waiter.UntilBlocked());
            poller.Wake();
            var (events, woken) = waiter.Result();
            Assert.True(woken);
            Assert.Empty(events);
        }

        AssertSleeps(poller);
    }

    [ContractFact]
    [Trait("Rule", "10")]
    public void Many_Wakes_before_a_Wait_count_as_one()
    {
        using var poller = Backend.Create();
        var before = poller.Statistics.Wakes;
        for (var i = 0; i < 10_000; i++)
            poller.Wake();
        Assert.Equal(10_000, poller.Statistics.Wakes - before);
        Assert.Equal(0, poller.Wait(new PollEvent[4], TimeSpan.Zero, out var woken));
        Assert.True(woken);
        AssertSleeps(poller);
    }

    [ContractFact]
    [Trait("Rule", "10")]
    public void Events_come_along_with_a_Wake_and_woken_needs_no_room()
    {
        using var poller = Backend.Create();
        using var one = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Tcp);
        poller.Add(one.Local, 1, Interest.Readable);
        poller.Add(other.Local, 2, Interest.Readable);
        one.PeerSends(1);
        other.PeerSends(1);
        for (var room = 1; room <= 3; room++)
            for (var i = 0; i < 3; i++)
            {
                poller.Wake();
                var events = new PollEvent[room];
                Assert.Equal(Math.Min(room, 2), poller.Wait(events, Fence.Patience, out var woken));
                Assert.True(woken);
                Assert.Equal(Math.Min(room, 2), poller.Wait(events, Fence.Patience, out woken));
                Assert.False(woken);
            }
    }

    [ContractFact]
    [Trait("Rule", "10")]
    public void No_Wake_is_lost_between_two_threads()
    {
        using var poller = Backend.Create();
        const int Rounds = 3000;
        var seen = 0;
        Exception? failure = null;
        var waiter = new Thread(() =>
        {
            var events = new PollEvent[1];
            try
            {
                while (Volatile.Read(ref seen) < Rounds)
                {
                    poller.Wait(events, 2 * Fence.Patience, out var woken);
                    if (!woken)
                        throw new InvalidOperationException("A Wait ended without an event and without a Wake.");
                    Interlocked.Increment(ref seen);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        })
        { IsBackground = true };
        waiter.Start();
        for (var i = 0; i < Rounds && failure is null; i++)
        {
            // A little later each time: before the Wait, on its way into the kernel, and in it.
            Thread.SpinWait(i % 100);
            poller.Wake();
            Fence.Until(() => Volatile.Read(ref seen) > i || failure is not null, $"Wake {i} to be seen");
        }

        Assert.True(waiter.Join(Fence.Patience));
        Assert.Null(failure);
        AssertSleeps(poller);
    }
}
