namespace Mux.Tests.Loop;

/// <summary>Starting, stopping, faults, and who may call what from where.</summary>
public sealed class LifetimeTests : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    private readonly ScriptedPoller _poller = new();
    private readonly List<string> _journal = [];
    private readonly List<EventLoopFault> _faults = [];
    private readonly EventLoop _loop;

    public LifetimeTests() => _loop = new(_poller, new() { Name = "tested", OnFault = _faults.Add });

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void A_handler_that_throws_is_reported_unregistered_and_told_and_the_batch_goes_on()
    {
        var bad = Register("bad", 1, static _ => throw new FormatException("oops"));
        Register("good", 2);
        _poller.Then((1, Readiness.Readable), (2, Readiness.Readable)).Then(_loop.Stop);

        _loop.Run();

        Assert.Equal(["bad: Readable", "bad: faulted", "good: Readable", "good: stopped"], _journal);
        Assert.IsType<FormatException>(bad.Fault);
        var fault = Assert.Single(_faults);
        Assert.Same(bad, fault.Origin);
        Assert.Equal(1, _loop.Statistics.Faults);
        Assert.DoesNotContain(1, _poller.Registered.Keys);
    }

    [Fact]
    public void A_run_again_that_throws_is_treated_like_a_handler_that_throws()
    {
        var bad = Register("bad", 1);
        bad.OnRunAgainAction = static () => throw new FormatException();
        _loop.RunAgain(bad);
        _poller.Then(static () => { }).Then(_loop.Stop);

        _loop.Run();

        Assert.Equal(["bad: again", "bad: faulted"], _journal);
        Assert.Same(bad, Assert.Single(_faults).Origin);
    }

    [Fact]
    public void A_fault_report_that_throws_does_not_end_the_loop()
    {
        using var loop = new EventLoop(
            new ScriptedPoller(), new() { OnFault = static _ => throw new InvalidOperationException("reporter") });
        var ran = false;
        loop.Post(static () => throw new FormatException());
        loop.Post(() => ran = true);
        loop.Post(loop.Stop);

        loop.Run();

        Assert.True(ran);
    }

    [Fact]
    public void Stop_finishes_the_turn_and_then_tells_every_watcher()
    {
        Register("a", 1, _ => _loop.Stop());
        Register("b", 2);
        var loose = new RecordingWatcher("loose", _journal);
        _loop.RunAgain(loose);
        var timer = new LoopTimer(_loop, _ => _journal.Add("timer"));
        timer.Arm(TimeSpan.FromHours(1));
        var asked = new RecordingWatcher("asked", _journal);
        _poller.Then(() =>
        {
            _loop.Post(() => _loop.RunAgain(asked));
            return [(1, Readiness.Readable), (2, Readiness.Readable)];
        });

        _loop.Run();

        Assert.Equal(["a: Readable", "b: Readable", "loose: again"], _journal[..3]);
        Assert.Equal(["a: stopped", "asked: stopped", "b: stopped"], _journal[3..].Order());
        Assert.Empty(_poller.Registered);
        Assert.Equal(0, _loop.RegistrationCount);
        Assert.False(timer.IsArmed);
        Assert.True(_loop.Completion.IsCompletedSuccessfully);
    }

    [Fact]
    public void A_watcher_posted_before_the_stop_is_told_of_it_too()
    {
        _loop.Post(() => Register("late", 1));
        _loop.Stop();

        _loop.Run();

        Assert.Equal(["late: stopped"], _journal);
    }

    [Fact]
    public void Nothing_can_be_registered_or_armed_while_the_loop_stops()
    {
        var watcher = Register("a", 1);
        var timer = new LoopTimer(_loop, static _ => { });
        var refusals = 0;
        watcher.OnStoppedAction = () =>
        {
            refusals += Refused(() => _loop.Register(watcher, Source(1), Interest.Readable));
            refusals += Refused(() => _loop.RunAgain(watcher));
            refusals += Refused(() => timer.Arm(TimeSpan.Zero));
            timer.Cancel();
            Assert.False(_loop.Unregister(watcher));
            Assert.False(_loop.Post(static () => { }));
        };
        Register("b", 2).OnStoppedAction = static () => throw new FormatException();
        Register("c", 3);
        _loop.Stop();

        _loop.Run();

        Assert.Equal(3, refusals);
        Assert.Equal(["a: stopped", "b: stopped", "c: stopped"], _journal.Order());
        Assert.Single(_faults);

        static int Refused(Action action)
        {
            Assert.Throws<InvalidOperationException>(action);
            return 1;
        }
    }

    [Fact]
    public void A_watcher_that_another_ones_stop_unregisters_is_not_told()
    {
        var second = new RecordingWatcher("second", _journal);
        Register("first", 1).OnStoppedAction = () => _loop.Unregister(second);
        _loop.Register(second, Source(2), Interest.Readable);
        _loop.Stop();

        _loop.Run();

        Assert.Equal(["first: stopped"], _journal);
    }

    [Fact]
    public async Task Another_thread_is_told_that_it_must_not()
    {
        var watcher = Register("a", 1);
        var timer = new LoopTimer(_loop, static _ => { });
        timer.Arm(TimeSpan.FromHours(1));
        _loop.Start();
        Assert.True(await _poller.Sleeping.WaitAsync(Guard));

        var other = new RecordingWatcher("b", _journal);
        Foreign(() => _loop.Register(other, Source(2), Interest.Readable));
        Foreign(() => _loop.TryRegister(other, Source(2), Interest.Readable));
        Foreign(() => _loop.Modify(watcher, Interest.None));
        Foreign(() => _loop.TryModify(watcher, Interest.None));
        Foreign(() => _loop.Unregister(watcher));
        Foreign(() => _loop.RunAgain(watcher));
        Foreign(() => timer.Arm(TimeSpan.Zero));
        Foreign(timer.Cancel);
        Assert.False(_loop.IsLoopThread);
        Assert.True(timer.IsArmed);
        Assert.True(watcher.IsRegistered);

        Assert.True(await _loop.StopAsync(Guard));
        Assert.Equal(["a: stopped"], _journal);

        // Afterwards there is nothing to protect: cleaning up is allowed from anywhere.
        Assert.False(_loop.Unregister(watcher));
        timer.Cancel();

        void Foreign(Action action) =>
            Assert.Contains("tested", Assert.Throws<InvalidOperationException>(action).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_runs_on_the_loops_own_named_thread()
    {
        var threads = new List<(Thread Thread, bool Said)>();
        var pooled = false;
        var watcher = Register("a", 1, _ => Note());
        watcher.OnRunAgainAction = Note;
        watcher.OnStoppedAction = Note;
        _loop.RunAgain(watcher);
        new LoopTimer(_loop, _ => Note()).Arm(TimeSpan.Zero);
        _loop.Post(Note);
        _poller.Then((1, Readiness.Readable));
        _loop.Post(_loop.Stop);

        _loop.Start();
        await _loop.Completion.WaitAsync(Guard);

        Assert.Equal(5, threads.Count);
        Assert.All(threads, t => Assert.Equal((threads[0].Thread, true), t));
        Assert.Equal("tested", threads[0].Thread.Name);
        Assert.False(pooled);
        Assert.NotSame(Thread.CurrentThread, threads[0].Thread);

        void Note()
        {
            threads.Add((Thread.CurrentThread, _loop.IsLoopThread));
            pooled |= Thread.CurrentThread.IsThreadPoolThread;
        }
    }

    [Fact]
    public void A_loop_runs_once()
    {
        _loop.Post(() => Assert.Throws<InvalidOperationException>(_loop.Run));
        _loop.Post(_loop.Stop);
        _loop.Run();

        Assert.Empty(_faults);
        Assert.Throws<InvalidOperationException>(_loop.Run);
        Assert.Throws<InvalidOperationException>(_loop.Start);
    }

    [Fact]
    public void A_poller_that_fails_ends_the_loop_and_the_watchers_are_told()
    {
        Register("a", 1);
        _poller.Then(() => throw new IOException("the poller broke"));

        Assert.Throws<IOException>(_loop.Run);

        Assert.Equal(["a: stopped"], _journal);
        Assert.True(_loop.Completion.IsFaulted);
        Assert.IsType<IOException>(_loop.Completion.Exception!.InnerException);
        Assert.False(_loop.Post(static () => { }));
    }

    [Fact]
    public async Task A_poller_that_fails_on_the_loops_own_thread_is_reported_and_fails_the_completion()
    {
        _poller.Then(() => throw new IOException("the poller broke"));
        _loop.Start();

        await Assert.ThrowsAsync<IOException>(() => _loop.Completion.WaitAsync(Guard));
        _loop.Dispose();
        Assert.Same(_loop, Assert.Single(_faults).Origin);
    }

    [Fact]
    public void Dispose_stops_a_running_loop_waits_for_it_and_disposes_the_poller()
    {
        Register("a", 1);
        _loop.Start();

        _loop.Dispose();

        Assert.Equal(["a: stopped"], _journal);
        Assert.True(_poller.IsDisposed);
        _loop.Dispose();
        Assert.Throws<ObjectDisposedException>(_loop.Start);
    }

    [Fact]
    public void Dispose_of_a_loop_that_never_ran_disposes_the_poller_and_refuses_posts()
    {
        _loop.Dispose();

        Assert.True(_poller.IsDisposed);
        Assert.True(_loop.Completion.IsCompletedSuccessfully);
        Assert.False(_loop.Post(static () => { }));
        Assert.Throws<ObjectDisposedException>(_loop.Run);
    }

    [Fact]
    public async Task Dispose_on_the_loops_own_thread_ends_it_after_the_turn()
    {
        _loop.Post(_loop.Dispose);
        _loop.Start();

        await _loop.Completion.WaitAsync(Guard);
        Assert.True(_poller.IsDisposed);
        Assert.Empty(_faults);
    }

    [Fact]
    public async Task Stop_wakes_a_sleeping_loop_and_a_timeout_is_told()
    {
        var gate = new ManualResetEventSlim();
        _loop.Post(() => gate.Wait(Guard));
        _loop.Start();

        Assert.False(await _loop.StopAsync(TimeSpan.FromMilliseconds(1)));
        Assert.True(_loop.IsStopRequested);
        gate.Set();
        Assert.True(await _loop.StopAsync(Guard));
    }

    private RecordingWatcher Register(string name, int descriptor, Action<RecordingWatcher>? onReady = null)
    {
        var watcher = new RecordingWatcher(name, _journal, onReady);
        _loop.Register(watcher, Source(descriptor), Interest.Readable | Interest.Writable);
        return watcher;
    }

    private static PollSource Source(int descriptor) => PollSource.FromDescriptor(descriptor);
}
