namespace Mux.Tests.Kqueue;

/// <summary>
/// A kqueue built anew: after two batches in a row of nothing but dead events (rule 9), here made by removing and adding while
/// each is on the way.
/// </summary>
public sealed class KqueueRebuildTests : IDisposable
{
    private readonly EmulatedPoller _test = new();

    public void Dispose() => _test.Dispose();

    [EmulationFact]
    public void What_is_registered_is_so_in_the_new_kqueue_as_it_was_in_the_old()
    {
        var (spent, spentFar) = EmulatedPoller.Connect();
        var (idle, idleFar) = EmulatedPoller.Connect();
        _test.Poller.Add(spent, 10, Interest.Writable, PollMode.OneShot);
        Assert.Single(_test.Ready());
        _test.Poller.Add(idle, 11, Interest.None);
        DieTwice();

        Assert.Equal([new(3, Readiness.Readable)], WaitForOne());
        Assert.Equal(1, _test.Poller.Statistics.Rebuilds);
        Assert.Single(_test.Ready());
        _test.Near.Receive(new byte[8]);
        Assert.Empty(_test.Ready());

        _test.Poller.Modify(spent, 20, Interest.Writable, PollMode.OneShot);
        Assert.Equal([new(20, Readiness.Writable)], _test.Ready());
        Assert.Empty(_test.Ready());
        _test.Poller.Modify(idle, 21, Interest.Writable);
        Assert.Equal([new(21, Readiness.Writable)], _test.Ready());
        _test.Poller.Wake();
        _test.Poller.Remove(idle);
        Assert.Equal(0, _test.Poller.Wait(new PollEvent[1], Timeout.InfiniteTimeSpan, out var woken));
        Assert.True(woken);
        foreach (var socket in new[] { spent, spentFar, idle, idleFar })
            socket.Dispose();
    }

    [EmulationFact]
    public void A_Wake_that_went_to_the_old_kqueue_is_told()
    {
        DieTwice(_test.Poller.Wake);
        Assert.True(_test.Poller.Wait(new PollEvent[4], Timeout.InfiniteTimeSpan, out var woken) <= 1);
        Assert.True(woken);
    }

    [EmulationFact]
    public void A_kqueue_that_was_handed_out_stays()
    {
        Assert.True(_test.Poller.TryGetDescriptor(out var before));
        DieTwice();
        Assert.Equal([new(3, Readiness.Readable)], WaitForOne());
        Assert.True(_test.Poller.TryGetDescriptor(out var after));
        Assert.Equal(before, after);
    }

    [EmulationFact]
    public void Without_a_descriptor_to_spare_the_old_kqueue_serves_on()
    {
        DieTwice(() => _test.Kernel.CreateFault = () => Mux.Kqueue.KqueueNative.EMFILE);
        Assert.Equal([new(3, Readiness.Readable)], WaitForOne());
    }

    [EmulationFact]
    public void What_there_was_no_memory_for_is_added_later()
    {
        DieTwice(() =>
        {
            _test.Kernel.ChangeFault = (_, filter, _) => filter == Mux.Kqueue.KqueueNative.EVFILT_READ ? Mux.Kqueue.KqueueNative.ENOMEM : 0;
            _test.Kernel.Sleeping = () => _test.Kernel.ChangeFault = null;
        });
        Assert.Equal([new(3, Readiness.Readable)], WaitForOne());
    }

    /// <summary>Makes the next two batches dead; does something beside the second.</summary>
    private void DieTwice(Action? beside = null)
    {
        var key = 1ul;
        _test.Send();
        _test.Poller.Add(_test.Near, key, Interest.Readable);
        _test.Kernel.Collected = _ =>
        {
            _test.Poller.Remove(_test.Near);
            _test.Poller.Add(_test.Near, ++key, Interest.Readable);
            if (key < 3)
                return;
            _test.Kernel.Collected = null;
            beside?.Invoke();
        };
    }

    private PollEvent[] WaitForOne()
    {
        var events = new PollEvent[4];
        return events[.._test.Poller.Wait(events, Timeout.InfiniteTimeSpan)];
    }
}
