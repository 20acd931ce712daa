using HelloHttp.Hosting;
using Mux;

namespace HelloHttp.Architectures.Threads;

/// <summary>The threads of an architecture, and how they stop together.</summary>
internal sealed class ThreadServer : IRunningServer
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly ServerContext _context;
    private readonly StopSignal _stop = new();
    private readonly List<BlockingWorker> _workers = [];
    private readonly List<Task> _stoppedAccepting = [];
    private readonly List<(Thread Thread, Task Ended)> _threads = [];
    private bool _drained;

    /// <summary>Makes a server without threads yet.</summary>
    /// <param name="context">What all architectures share.</param>
    /// <param name="queueCapacity">How many connections may be on their way from one thread to another.</param>
    internal ThreadServer(ServerContext context, int queueCapacity)
    {
        _context = context;
        Queue = new ConnectionQueue(queueCapacity);
    }

    /// <summary>
    /// What one thread has accepted for another to serve. While the server drains that is what nobody had accepted before.
    /// </summary>
    internal ConnectionQueue Queue { get; }

    /// <inheritdoc/>
    public Task Completion => Task.WhenAny(_threads.Select(t => t.Ended)).Unwrap();

    /// <summary>A thread's sight of the stop.</summary>
    internal StopWitness NewWitness() => new(_stop);

    /// <summary>What serves connections on one thread.</summary>
    internal BlockingWorker NewWorker(string name, StopWitness witness, Func<bool> doOthersWait)
    {
        var worker = new BlockingWorker(name, _context, _stop, witness, doOthersWait);
        _workers.Add(worker);
        _context.Metrics.Add(worker.Counters, loop: null);
        return worker;
    }

    /// <summary>What accepts on one thread that serves nothing.</summary>
    internal BlockingAcceptor NewAcceptor(string name, ListenSocket listener)
    {
        var counters = new WorkerCounters();
        _context.Metrics.Add(counters, loop: null);
        return NewAcceptor(name, listener, counters);
    }

    /// <summary>What accepts on a thread that counts already.</summary>
    internal BlockingAcceptor NewAcceptor(string name, ListenSocket listener, WorkerCounters counters) =>
        new(name, listener, _context, _stop, counters);

    /// <summary>Adds a thread.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="run">What it does until the server stops.</param>
    /// <param name="accepting">Its sight of the stop if it accepts: the listeners are closed only when it has seen it.</param>
    internal void AddThread(string name, Action run, StopWitness? accepting = null)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(run, ended)) { Name = name, IsBackground = true };
        _threads.Add((thread, ended.Task));

        // A thread that has failed sees nothing any more, and accepts nothing either.
        if (accepting is not null)
            _stoppedAccepting.Add(Task.WhenAny(accepting.HasSeenStop, ended.Task));
    }

    /// <summary>Begins to serve.</summary>
    /// <exception cref="OutOfMemoryException">There are not resources enough for so many threads; those that run end.</exception>
    internal void Start()
    {
        try
        {
            foreach (var (thread, _) in _threads)
                thread.UnsafeStart();
        }
        catch
        {
            _stop.Drain();
            _stop.Cut();
            Queue.Complete();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<int> DrainAsync(TimeSpan timeout)
    {
        _drained = true;
        using var deadline = new CancellationTokenSource(timeout, _context.Time);
        using var cut = deadline.Token.UnsafeRegister(static stop => ((StopSignal)stop!).Cut(), _stop);
        var ended = Task.WhenAll(_threads.Select(t => t.Ended));
        _stop.Drain();
        Queue.Unbound();
        await AcceptorsStoppedAsync().ConfigureAwait(false);
        await Task.Run(AcceptTheRest, CancellationToken.None).ConfigureAwait(false);
        _context.Listeners.Dispose();
        Queue.Complete();
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _workers.Sum(w => w.CutOff);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_drained)
            await DrainAsync(TimeSpan.Zero).ConfigureAwait(false);
        Queue.Dispose();
        _stop.Dispose();
    }

    private static void Run(Action run, TaskCompletionSource ended)
    {
        try
        {
            run();
            ended.SetResult();
        }
        catch (Exception e)
        {
            ended.SetException(e);
        }
    }

    /// <summary>
    /// Connections in the kernel's queue are reset when their listener is closed, with whatever request they have brought:
    /// whoever is free first serves them.
    /// </summary>
    private void AcceptTheRest()
    {
        foreach (var listener in _context.Listeners.Sockets)
        {
            var acceptor = NewAcceptor("drain", listener);
            while (acceptor.HasPending && acceptor.TryAccept(out var connection))
                Queue.Put(connection);
        }
    }

    /// <summary>
    /// Waits until no thread accepts any more. macOS and FreeBSD let an accept sleep for ever, whatever the listener's timeout
    /// says; there a connection wakes it. It stays open until then: a kernel may drop one that is closed before it is accepted.
    /// </summary>
    private async Task AcceptorsStoppedAsync()
    {
        var stopped = Task.WhenAll(_stoppedAccepting);
        var calls = new List<EagerSocket>();
        while (!OperatingSystem.IsLinux() && !OperatingSystem.IsWindows() && !stopped.IsCompleted)
        {
            foreach (var listener in _context.Listeners.Sockets)
            {
                var called = EagerSocket.TryConnect(listener.LocalAddress, out var call);
                if (called.IsDone || called.IsWouldBlock)
                    calls.Add(call);
            }

            await Task.WhenAny(stopped, Task.Delay(Tick)).ConfigureAwait(false);
        }

        await stopped.ConfigureAwait(false);
        calls.ForEach(c => c.Close());
    }
}
