using Mux.Contract.Kernel;
using Xunit;

namespace Mux.Contract;

/// <summary>How the tests look at a poller.</summary>
public abstract partial class PollerContract<TBackend>
{
    private const Interest Both = Interest.Readable | Interest.Writable;
    private const Readiness ReadyBoth = Readiness.Readable | Readiness.Writable;

    /// <summary>What is ready now.</summary>
    private static PollEvent[] Poll(IPoller poller, int room = 64)
    {
        var events = new PollEvent[room];
        var count = poller.Wait(events, TimeSpan.Zero, out _);
        return events[..count];
    }

    /// <summary>What is ready now under one key, without hints; nothing if it is not reported.</summary>
    private static Readiness ReadyNow(IPoller poller, ulong key) =>
        Poll(poller).Where(e => e.Key == key).Aggregate(Readiness.None, (all, e) => all | e.Readiness) & ReadyBoth;

    /// <summary>Waits until something is reported, at most for the patience of a test.</summary>
    private static PollEvent[] WaitForEvents(IPoller poller, int room = 64)
    {
        var events = new PollEvent[room];
        var count = poller.Wait(events, Fence.Patience, out _);
        Assert.True(count > 0, $"{poller.Name} reported nothing within {Fence.Patience.TotalSeconds} s.");
        return events[..count];
    }

    private static void AssertReady(IPoller poller, ulong key, Readiness expected) => Assert.Equal(expected, ReadyNow(poller, key));

    private static void AssertSilent(IPoller poller) => Assert.Empty(Poll(poller));

    /// <summary>A Wait with nothing to report really waits: it asks the kernel a few times at most, and does not spin.</summary>
    private static void AssertSleeps(IPoller poller)
    {
        var before = poller.Statistics.Polls;
        var events = new PollEvent[64];
        var count = poller.Wait(events, TimeSpan.FromMilliseconds(40), out var woken);
        Assert.True(count == 0 && !woken, $"{poller.Name} reported {string.Join("; ", events[..count])}, woken {woken}, where silence was due.");
        var polls = poller.Statistics.Polls - before;
        Assert.True(polls <= 10, $"{poller.Name} asked the kernel {polls} times in 40 ms of silence: it spins.");
    }

    /// <summary>
    /// Fills the send buffer until the poller stops calling it writable. A false claim is allowed, but not for ever, and
    /// whoever believes one fills the buffer again.
    /// </summary>
    private static void FillUntilSilent(IPoller poller, Link link)
    {
        for (var claims = 0; claims < 100; claims++)
        {
            link.Fill();
            if (poller.Wait(new PollEvent[64], TimeSpan.FromMilliseconds(40), out _) != 0)
                continue;
            AssertSleeps(poller);
            return;
        }

        Assert.Fail($"{poller.Name} claims for ever that a full {link.Kind} buffer is writable.");
    }

    /// <summary>Runs something that must not hang on a thread of its own.</summary>
    private static void RunBounded(string what, Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        })
        { IsBackground = true, Name = what };
        thread.Start();
        Assert.True(thread.Join(Fence.Patience), $"{what} did not return within {Fence.Patience.TotalSeconds} s.");
        Assert.Null(failure);
    }
}
