namespace Mux.Tests.Kqueue;

/// <summary>
/// What happens between the moment a kernel has collected events and the moment a Wait delivers them: done in that very
/// moment, so that each run is the same.
/// </summary>
public sealed class KqueueRaceTests : IDisposable
{
    private readonly EmulatedPoller _test = new();

    public void Dispose() => _test.Dispose();

    [EmulationFact]
    public void A_sibling_filter_of_a_spent_one_shot_is_dropped_once_and_then_silent()
    {
        _test.Send();
        _test.Poller.Add(_test.Near, 1, EmulatedPoller.Both, PollMode.OneShot);
        Assert.Single(_test.Ready(room: 1));
        for (var i = 0; i < 3; i++)
            Assert.Empty(_test.Ready(room: 1));
        Assert.Equal(1, _test.Poller.Statistics.StaleDropped);

        _test.Poller.Modify(_test.Near, 2, EmulatedPoller.Both, PollMode.OneShot);
        Assert.Equal([new(2, Readiness.Readable | Readiness.Writable)], _test.Ready());
        Assert.Empty(_test.Ready());
    }

    [EmulationFact]
    public void What_is_removed_while_its_event_is_on_the_way_is_not_reported()
    {
        _test.Send();
        _test.Poller.Add(_test.Near, 1, EmulatedPoller.Both);
        Meanwhile(() => _test.Poller.Remove(_test.Near));
        Assert.Empty(_test.Ready());
        Assert.Equal(2, _test.Poller.Statistics.StaleDropped);
    }

    [EmulationFact]
    public void What_is_removed_and_added_again_is_not_reported_by_the_old_event()
    {
        _test.Send();
        _test.Poller.Add(_test.Near, 1, Interest.Readable);
        Meanwhile(() =>
        {
            _test.Poller.Remove(_test.Near);
            _test.Near.Receive(new byte[8]);
            _test.Poller.Add(_test.Near, 2, Interest.Readable);
        });
        Assert.Empty(_test.Ready());
        _test.Send();
        Assert.Equal([new(2, Readiness.Readable)], _test.Ready());
    }

    [EmulationFact]
    public void An_interest_given_up_meanwhile_is_not_reported()
    {
        _test.Send();
        _test.Poller.Add(_test.Near, 1, Interest.Readable);
        Meanwhile(() => _test.Poller.Modify(_test.Near, 2, Interest.None));
        Assert.Empty(_test.Ready());
        Assert.Empty(_test.Ready());
    }

    [EmulationFact]
    public void A_one_shot_armed_again_meanwhile_is_reported_once()
    {
        _test.Send();
        _test.Poller.Add(_test.Near, 1, EmulatedPoller.Both, PollMode.OneShot);
        Meanwhile(() => _test.Poller.Modify(_test.Near, 2, EmulatedPoller.Both, PollMode.OneShot));
        Assert.Equal([new(2, Readiness.Readable | Readiness.Writable)], _test.Ready());
        for (var i = 0; i < 3; i++)
            Assert.Empty(_test.Ready());
    }

    [EmulationFact]
    public void An_edge_that_comes_meanwhile_is_not_lost()
    {
        _test.Poller.Add(_test.Near, 1, Interest.Readable, PollMode.Edge);
        _test.Send();
        Meanwhile(_test.Send);
        Assert.Single(_test.Ready());
        Assert.Single(_test.Ready());
        Assert.Empty(_test.Ready());
    }

    [EmulationFact]
    public void A_number_that_changed_hands_meanwhile_reports_for_its_new_owner_only()
    {
        _test.Send();
        _test.Poller.Add(_test.Near, 1, Interest.Readable);
        var (near, far) = EmulatedPoller.Connect();
        Meanwhile(() =>
        {
            var number = _test.Near.SafeHandle.DangerousGetHandle();
            KeventSession.Replace(number, by: near.SafeHandle.DangerousGetHandle());
            _test.Poller.Remove(_test.Near);
            _test.Poller.Add(PollSource.FromSocket(number), 2, Interest.Readable);
        });
        Assert.Empty(_test.Ready());
        far.Send([1]);
        Assert.True(near.Poll(10_000_000, System.Net.Sockets.SelectMode.SelectRead));
        Assert.Equal([new(2, Readiness.Readable)], _test.Ready());
        near.Dispose();
        far.Dispose();
    }

    [EmulationFact]
    public void A_Wake_that_comes_meanwhile_is_told_with_the_events_and_not_again()
    {
        _test.Send();
        _test.Poller.Add(_test.Near, 1, Interest.Readable, PollMode.OneShot);
        Meanwhile(_test.Poller.Wake);
        var events = new PollEvent[4];
        Assert.Equal(1, _test.Poller.Wait(events, Timeout.InfiniteTimeSpan, out var woken));
        Assert.True(woken);
        Assert.Equal(0, _test.Poller.Wait(events, TimeSpan.FromMilliseconds(5), out woken));
        Assert.False(woken);
    }

    /// <summary>Does something in the next kevent call that collects events, after it has and before it returns them.</summary>
    private void Meanwhile(Action action) => _test.Kernel.Collected = _ =>
    {
        _test.Kernel.Collected = null;
        action();
    };
}
