namespace Mux.Tests.Loop;

/// <summary>Who gets an event, and who does not any more.</summary>
public sealed class DispatchTests : IDisposable
{
    private readonly ScriptedPoller _poller = new();
    private readonly List<string> _journal = [];
    private readonly EventLoop _loop;

    public DispatchTests() => _loop = new(_poller);

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void An_event_reaches_the_watcher_of_its_registration()
    {
        Register("a", 1);
        Register("b", 2);
        _poller.Then((2, Readiness.Readable), (1, Readiness.Writable | Readiness.Error));

        Run();

        Assert.Equal(["b: Readable", "a: Writable, Error"], _journal[..2]);
        Assert.Equal(2, _loop.Statistics.Events);
    }

    [Fact]
    public void An_event_of_a_registration_that_ended_in_the_same_batch_is_dropped()
    {
        var victim = new RecordingWatcher("victim", _journal);
        Register("killer", 1, _ => Assert.True(_loop.Unregister(victim)));
        _loop.Register(victim, Source(2), Interest.Readable);
        _poller.Then((1, Readiness.Readable), (2, Readiness.Readable));

        Run();

        Assert.Equal(["killer: Readable", "killer: stopped"], _journal);
        Assert.Equal(1, _loop.Statistics.StaleEvents);
        Assert.False(victim.IsRegistered);
        Assert.Null(victim.Loop);
    }

    [Fact]
    public void An_event_never_reaches_the_registration_that_replaced_its_own_in_the_same_batch()
    {
        var old = new RecordingWatcher("old", _journal);
        var replacement = new RecordingWatcher("new", _journal);
        Register("replacer", 1, _ =>
        {
            _loop.Unregister(old);
            _loop.Register(replacement, Source(2), Interest.Readable);
        });
        _loop.Register(old, Source(2), Interest.Readable);
        _poller.Then((1, Readiness.Readable), (2, Readiness.Readable)).Then((2, Readiness.Writable));

        Run();

        Assert.Equal(["replacer: Readable", "new: Writable"], _journal[..2]);
    }

    [Fact]
    public void An_event_never_reaches_the_same_watcher_registered_anew_in_the_same_batch()
    {
        var pooled = new RecordingWatcher("pooled", _journal);
        Register("reuser", 1, _ =>
        {
            _loop.Unregister(pooled);
            _loop.Register(pooled, Source(3), Interest.Readable);
        });
        _loop.Register(pooled, Source(2), Interest.Readable);
        _poller.Then((1, Readiness.Readable), (2, Readiness.Readable));

        Run();

        Assert.DoesNotContain("pooled: Readable", _journal);
    }

    [Fact]
    public void An_event_from_before_a_modify_is_dropped_and_the_next_one_arrives()
    {
        var modified = new RecordingWatcher("modified", _journal);
        Register("modifier", 1, _ => _loop.Modify(modified, Interest.Writable, PollMode.OneShot));
        _loop.Register(modified, Source(2), Interest.Readable);
        _poller.Then((1, Readiness.Readable), (2, Readiness.Readable)).Then((2, Readiness.Writable));

        Run();

        Assert.Equal(["modifier: Readable", "modified: Writable"], _journal[..2]);
        Assert.Equal(1, _loop.Statistics.StaleEvents);
    }

    [Fact]
    public void A_watcher_may_unregister_register_and_modify_itself_while_it_is_called()
    {
        Register("self", 1, self =>
        {
            Assert.Equal(PollerError.None, _loop.TryModify(self, Interest.Writable));
            Assert.True(_loop.Unregister(self));
            Assert.Equal(PollerError.None, _loop.TryRegister(self, Source(1), Interest.Readable, PollMode.OneShot));
        });
        _poller.Then((1, Readiness.Readable)).Then((1, Readiness.Readable));

        Run(() => Assert.Equal((Interest.Readable, PollMode.OneShot), (_poller.Registered[1].Interest, _poller.Registered[1].Mode)));

        Assert.Equal(["self: Readable", "self: Readable", "self: stopped"], _journal);
    }

    [Fact]
    public void A_watcher_has_one_registration_at_a_time()
    {
        var watcher = new RecordingWatcher("a", _journal);
        _loop.Register(watcher, Source(1), Interest.Readable);

        Assert.Throws<InvalidOperationException>(() => _loop.Register(watcher, Source(2), Interest.Readable));
        Assert.Throws<InvalidOperationException>(() => _loop.TryRegister(watcher, Source(2), Interest.Readable));
        Assert.Equal(1, _loop.RegistrationCount);
        using var other = new EventLoop(new ScriptedPoller());
        Assert.Throws<InvalidOperationException>(() => other.Register(watcher, Source(2), Interest.Readable));
        Assert.Throws<InvalidOperationException>(() => other.RunAgain(watcher));
        Assert.Equal(PollerError.NotRegistered, other.TryModify(watcher, Interest.None));
        Assert.False(other.Unregister(watcher));
        Assert.True(_loop.Unregister(watcher));
        other.Register(watcher, Source(2), Interest.Readable);
        Assert.Same(other, watcher.Loop);
    }

    [Fact]
    public void A_registration_that_the_poller_refuses_changes_nothing()
    {
        var watcher = new RecordingWatcher("a", _journal);
        _poller.NextError = PollerError.OutOfResources;
        Assert.Equal(PollerError.OutOfResources, _loop.TryRegister(watcher, Source(1), Interest.Readable));
        _poller.NextError = PollerError.OutOfResources;
        Assert.Throws<IOException>(() => _loop.Register(watcher, Source(1), Interest.Readable));

        Assert.False(watcher.IsRegistered);
        Assert.Null(watcher.Loop);
        Assert.Equal(0, _loop.RegistrationCount);
        _loop.Register(watcher, Source(1), Interest.Readable);
        Assert.Throws<InvalidOperationException>(
            () => _loop.Register(new RecordingWatcher("b", _journal), Source(1), Interest.Readable));
    }

    [Fact]
    public void A_modify_that_the_poller_refuses_keeps_the_registration_alive()
    {
        var watcher = Register("a", 1);
        _poller.NextError = PollerError.OutOfResources;
        Assert.Equal(PollerError.OutOfResources, _loop.TryModify(watcher, Interest.Writable));
        _poller.NextError = PollerError.NotSupported;
        Assert.Throws<NotSupportedException>(() => _loop.Modify(watcher, Interest.Writable, PollMode.Exclusive));
        _poller.Then((1, Readiness.Readable));

        Run();

        Assert.Equal("a: Readable", _journal[0]);
        Assert.Throws<InvalidOperationException>(() => _loop.Modify(watcher, Interest.Readable));
    }

    [Fact]
    public void Run_again_comes_in_the_next_turn_after_a_wait_that_does_not_sleep()
    {
        var acceptor = Register("acceptor", 1, self => _loop.RunAgain(self));
        Register("connection", 2);
        var rounds = 0;
        acceptor.OnRunAgainAction = () =>
        {
            if (++rounds < 3)
                _loop.RunAgain(acceptor);
        };
        _poller.Then((1, Readiness.Readable)).Then((2, Readiness.Readable));

        Run();

        Assert.Equal(
            ["acceptor: Readable", "connection: Readable", "acceptor: again", "acceptor: again", "acceptor: again"],
            _journal[..5]);

        // The turn that answered the request and the ones after it, until nothing more was asked.
        Assert.Equal(Timeout.InfiniteTimeSpan, _poller.Timeouts[0]);
        Assert.All(_poller.Timeouts[1..4], static timeout => Assert.Equal(TimeSpan.Zero, timeout));
    }

    [Fact]
    public void Asking_to_run_again_twice_is_asking_once_and_needs_no_registration()
    {
        var loose = new RecordingWatcher("loose", _journal);
        _loop.RunAgain(loose);
        _loop.RunAgain(loose);
        Assert.Same(_loop, loose.Loop);

        Run(() => Assert.Null(loose.Loop));

        Assert.Equal(["loose: again"], _journal);
    }

    [Fact]
    public void Unregister_withdraws_a_request_to_run_again_and_a_new_one_counts_once()
    {
        var watcher = Register("a", 1);
        _loop.RunAgain(watcher);
        _loop.Unregister(watcher);
        _loop.RunAgain(watcher);
        var loose = new RecordingWatcher("b", _journal);
        _loop.RunAgain(loose);
        Assert.False(_loop.Unregister(loose));

        Run();

        Assert.Equal(["a: again"], _journal);
    }

    [Fact]
    public void Run_again_calls_on_ready_unless_overridden()
    {
        var watcher = new CountingWatcher();
        _loop.RunAgain(watcher);
        Run();
        Assert.Equal([Readiness.None], watcher.Seen);
    }

    private sealed class CountingWatcher : Watcher
    {
        internal List<Readiness> Seen { get; } = [];

        protected internal override void OnReady(Readiness readiness) => Seen.Add(readiness);
    }

    private RecordingWatcher Register(string name, int descriptor, Action<RecordingWatcher>? onReady = null)
    {
        var watcher = new RecordingWatcher(name, _journal, onReady);
        _loop.Register(watcher, Source(descriptor), Interest.Readable | Interest.Writable);
        return watcher;
    }

    private static PollSource Source(int descriptor) => PollSource.FromDescriptor(descriptor);

    /// <summary>Runs the script, then some idle turns, then stops.</summary>
    private void Run(Action? last = null)
    {
        _poller.Then(static () => { }).Then(static () => { }).Then(static () => { }).Then(() =>
        {
            last?.Invoke();
            _loop.Stop();
        });
        _loop.Run();
    }
}
