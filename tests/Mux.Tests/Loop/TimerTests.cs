using Microsoft.Extensions.Time.Testing;

namespace Mux.Tests.Loop;

public sealed class TimerTests : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    private readonly ScriptedPoller _poller = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _fired = [];
    private readonly EventLoop _loop;

    public TimerTests() => _loop = new(_poller, new() { TimeProvider = _time, TimerBudget = 3 });

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void A_timer_fires_when_its_time_has_come_and_not_a_tick_before()
    {
        var timer = Timer("a");
        timer.Arm(Seconds(10));
        _poller.Then(() => _time.Advance(Seconds(10) - TimeSpan.FromTicks(1)))
            .Then(() => Assert.True(timer.IsArmed))
            .Then(() => _time.Advance(TimeSpan.FromTicks(1)))
            .Then(() => Assert.False(timer.IsArmed));

        Run();

        Assert.Equal(["a"], _fired);
        Assert.Equal(1, _loop.Statistics.Timers);
    }

    [Fact]
    public void Timers_past_due_fire_in_the_order_of_their_deadlines_and_equal_ones_in_the_order_of_arming()
    {
        Timer("late").Arm(Seconds(3));
        Timer("one").Arm(Seconds(1));
        Timer("early").Arm(TimeSpan.FromMilliseconds(1));
        Timer("two").Arm(Seconds(1));
        _poller.Then(() => _time.Advance(Seconds(60)));

        Run();

        Assert.Equal(["early", "one", "two", "late"], _fired);
    }

    [Fact]
    public void More_timers_than_the_budget_fire_in_the_next_turns_without_sleep()
    {
        for (var i = 0; i < 8; i++)
            Timer($"{i}").Arm(Seconds(1));
        var counts = new List<int>();
        _poller.Then(() => _time.Advance(Seconds(1)));
        for (var i = 0; i < 3; i++)
            _poller.Then(() => counts.Add(_fired.Count));

        Run();

        Assert.Equal([3, 6, 8], counts);
        Assert.Equal(TimeSpan.Zero, _poller.Timeouts[1]);
        Assert.Equal(TimeSpan.Zero, _poller.Timeouts[2]);
        Assert.NotEqual(TimeSpan.Zero, _poller.Timeouts[3]);
    }

    [Fact]
    public void A_cancelled_timer_does_not_fire_even_if_it_is_due()
    {
        var victim = Timer("victim");
        new LoopTimer(_loop, _ => victim.Cancel()).Arm(Seconds(1));
        victim.Arm(Seconds(1));
        var other = Timer("other");
        other.Arm(Seconds(1));
        other.Cancel();
        other.Cancel();
        Assert.False(other.IsArmed);
        _poller.Then(() => _time.Advance(Seconds(5)));

        Run();

        Assert.Empty(_fired);
    }

    [Fact]
    public void A_timer_armed_anew_fires_once_at_its_new_time_be_it_later_or_earlier()
    {
        var pushed = Timer("pushed");
        var pulled = Timer("pulled");
        pushed.Arm(Seconds(1));
        pulled.Arm(Seconds(9));
        pushed.Arm(Seconds(5));
        pulled.Arm(Seconds(2));
        var seen = new List<string>();
        _poller.Then(() => _time.Advance(Seconds(1)))
            .Then(() => Assert.Empty(_fired))
            .Then(() => _time.Advance(Seconds(1)))
            .Then(() => Assert.Equal(["pulled"], _fired))
            .Then(() => _time.Advance(Seconds(3)))
            .Then(() => Assert.Equal(["pulled", "pushed"], _fired))
            .Then(() => _time.Advance(Seconds(60)));

        Run();

        Assert.Equal(["pulled", "pushed"], _fired);
    }

    [Fact]
    public void Infinite_is_cancel_and_other_negative_delays_are_refused()
    {
        var timer = Timer("a");
        timer.Arm(Seconds(1));
        timer.Arm(Timeout.InfiniteTimeSpan);
        Assert.False(timer.IsArmed);
        Assert.Throws<ArgumentOutOfRangeException>(() => timer.Arm(TimeSpan.FromTicks(-2)));
        Assert.False(timer.IsArmed);
    }

    [Fact]
    public void A_timer_that_arms_itself_for_zero_fires_once_a_turn_and_the_loop_does_not_sleep()
    {
        LoopTimer? timer = null;
        var turns = new List<long>();
        timer = new(_loop, _ =>
        {
            turns.Add(_loop.Statistics.Turns);
            if (turns.Count < 3)
                timer!.Arm(TimeSpan.Zero);
        });
        timer.Arm(TimeSpan.Zero);

        Run();

        Assert.Equal([1, 2, 3], turns);
        Assert.All(_poller.Timeouts[..3], static timeout => Assert.Equal(TimeSpan.Zero, timeout));
    }

    [Fact]
    public void A_timer_that_throws_is_reported_and_the_next_one_fires()
    {
        var faults = new List<EventLoopFault>();
        using var loop = new EventLoop(new ScriptedPoller(), new() { OnFault = faults.Add });
        var bad = new LoopTimer(loop, static _ => throw new FormatException());
        bad.Arm(TimeSpan.Zero);
        new LoopTimer(loop, _ => loop.Stop()).Arm(TimeSpan.Zero);

        loop.Run();

        Assert.Same(bad, Assert.Single(faults).Origin);
    }

    [Fact]
    public void Delays_beyond_the_end_of_time_are_armed_and_never_fire()
    {
        Timer("never").Arm(TimeSpan.MaxValue);
        Timer("soon").Arm(Seconds(1));
        _poller.Then(() => _time.Advance(TimeSpan.FromDays(365 * 100)));

        Run();

        Assert.Equal(["soon"], _fired);
    }

    [Fact]
    public void Pushing_a_deadline_out_leaves_the_poller_alone()
    {
        var timer = Timer("idle");
        timer.Arm(Seconds(75));
        var watcher = new RecordingWatcher("a", [], _ => timer.Arm(Seconds(75)));
        _loop.Register(watcher, PollSource.FromDescriptor(1), Interest.Readable);
        var before = _poller.Registered[1];
        for (var i = 0; i < 10; i++)
        {
            _poller.Then(() =>
            {
                _time.Advance(Seconds(10));
                return [(1, Readiness.Readable)];
            });
        }

        // Ten times pushed out, once the first deadline has passed unused and the fake clock woke the loop for it.
        Run(() =>
        {
            Assert.Equal(before, _poller.Registered[1]);
            Assert.Equal(1, _poller.Wakes);
        });

        Assert.Empty(_fired);
    }

    [Fact]
    public async Task A_sleeping_loop_wakes_when_another_clock_than_the_systems_is_moved()
    {
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new LoopTimer(_loop, _ => fired.SetResult()).Arm(Seconds(60));
        _loop.Start();
        Assert.True(await _poller.Sleeping.WaitAsync(Guard));
        Assert.Equal(Timeout.InfiniteTimeSpan, _poller.Timeouts[^1]);

        _time.Advance(Seconds(59));
        Assert.False(fired.Task.IsCompleted);
        _time.Advance(Seconds(1));

        await fired.Task.WaitAsync(Guard);
        Assert.True(await _loop.StopAsync(Guard));
    }

    [Fact]
    public async Task A_clock_that_is_moved_while_the_loop_goes_to_sleep_loses_no_timer()
    {
        var fired = new SemaphoreSlim(0);
        LoopTimer? timer = null;
        timer = new(_loop, _ =>
        {
            fired.Release();
            timer!.Arm(Seconds(1));
        });
        timer.Arm(Seconds(1));
        _loop.Start();

        // Each advance is as long as the timer: whatever the loop is doing meanwhile, one more firing must follow.
        for (var i = 0; i < 3000; i++)
        {
            _time.Advance(Seconds(1));
            Assert.True(await fired.WaitAsync(Guard), $"no firing after advance {i}");
        }

        Assert.True(await _loop.StopAsync(Guard));
    }

    [Fact]
    public void With_the_systems_clock_the_wait_ends_when_the_next_timer_is_due()
    {
        using var loop = new EventLoop(_poller);
        var begin = loop.Clock.TimeProvider.GetTimestamp();
        var elapsed = TimeSpan.Zero;
        var timer = new LoopTimer(loop, _ =>
        {
            elapsed = TimeProvider.System.GetElapsedTime(begin);
            loop.Stop();
        });
        new LoopTimer(loop, static _ => { }).Arm(TimeSpan.FromHours(1));
        timer.Arm(TimeSpan.FromMilliseconds(20));

        loop.Run();

        Assert.True(elapsed >= TimeSpan.FromMilliseconds(20), $"fired after {elapsed}");
        Assert.InRange(_poller.Timeouts[0], TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public void The_clock_stands_still_within_a_batch_and_is_read_only_when_asked()
    {
        var provider = new CountingTimeProvider();
        var poller = new ScriptedPoller();
        using var loop = new EventLoop(poller, new() { TimeProvider = provider });
        var readings = new List<(long, long)>();
        var watcher = new RecordingWatcher("a", [], _ =>
        {
            readings.Add((loop.Clock.Timestamp, loop.Clock.UtcSecond));
            readings.Add((loop.Clock.Timestamp, loop.Clock.UtcSecond));
        });
        loop.Register(watcher, PollSource.FromDescriptor(1), Interest.Readable);
        poller.Then(static () => { }).Then(() => Assert.Equal(0, provider.Readings))
            .Then((1, Readiness.Readable)).Then((1, Readiness.Readable)).Then(loop.Stop);

        loop.Run();

        Assert.Equal(readings[0], readings[1]);
        Assert.Equal(readings[2], readings[3]);
        Assert.NotEqual(readings[0], readings[2]);
        Assert.Equal(4, provider.Readings);
    }

    private sealed class CountingTimeProvider : TimeProvider
    {
        internal int Readings { get; private set; }

        public override long GetTimestamp() => ++Readings;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(++Readings);
    }

    private LoopTimer Timer(string name) => new(_loop, _ => _fired.Add(name));

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private void Run(Action? last = null)
    {
        for (var i = 0; i < 4; i++)
            _poller.Then(static () => { });
        _poller.Then(() =>
        {
            last?.Invoke();
            _loop.Stop();
        });
        _loop.Run();
    }
}
