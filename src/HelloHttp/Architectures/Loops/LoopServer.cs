using HelloHttp.Hosting;
using Mux;

namespace HelloHttp.Architectures.Loops;

/// <summary>The loops of an architecture, and how they stop together.</summary>
internal sealed class LoopServer : IRunningServer
{
    private readonly ServerContext _context;
    private readonly EventLoopGroup _loops;
    private readonly List<LoopWorker> _workers = [];

    internal LoopServer(ServerContext context, LoopArchitecture architecture)
    {
        _context = context;
        _loops = new EventLoopGroup(context.Pollers, new EventLoopGroupOptions
        {
            Count = context.Options.Workers,
            LoopOptions = index => new EventLoopOptions
            {
                Name = $"{architecture.Name} {index}",
                TimeProvider = context.Time,
                OnFault = fault => ServerLog.HandlerFailed(context.Logger, fault.Loop.Name, fault.Exception),
            },
        });
        try
        {
            foreach (var loop in _loops)
            {
                var worker = new LoopWorker(context, loop, architecture, context.Listeners.Of(_workers.Count));
                _workers.Add(worker);
                context.Metrics.Add(worker.Counters, loop);
                worker.Start();
            }

            _loops.Start();
        }
        catch
        {
            _loops.Dispose();
            throw;
        }
    }

    /// <summary>One for each loop.</summary>
    internal IReadOnlyList<LoopWorker> Workers => _workers;

    /// <inheritdoc/>
    public Task Completion => Task.WhenAny(_loops.Select(l => l.Completion)).Unwrap();

    /// <inheritdoc/>
    public async Task<int> DrainAsync(TimeSpan timeout)
    {
        var deadline = Task.Delay(timeout, _context.Time);
        foreach (var worker in _workers)
            worker.Loop.Post(static state => ((LoopWorker)state!).Drain(), worker);

        // A loop that has failed never gets there.
        await Task.WhenAll(_workers.Select(w => Task.WhenAny(w.StoppedAccepting, w.Loop.Completion))).ConfigureAwait(false);
        AcceptTheLast();
        _context.Listeners.Dispose();
        foreach (var worker in _workers)
            worker.Loop.Post(static state => ((LoopWorker)state!).OnListenersClosed(), worker);
        var drained = Task.WhenAll(_workers.Select(w => Task.WhenAny(w.Drained, w.Loop.Completion)));
        var cut = 0;
        if (await Task.WhenAny(drained, deadline).ConfigureAwait(false) != drained)
        {
            foreach (var worker in _workers)
                worker.Loop.Post(() => Interlocked.Add(ref cut, worker.AbortAll()));
        }

        await _loops.StopAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        return cut;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _loops.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Whoever came while the loops left the listeners one after another: closing would reset them. What remains is the moment
    /// between this and the close, for which the kernel offers no remedy.
    /// </summary>
    private void AcceptTheLast()
    {
        foreach (var listener in _context.Listeners.Sockets)
        {
            for (var i = 0; i < _context.Options.Backlog && listener.TryAccept(out var socket).IsDone; i++)
            {
                var worker = _workers[i % _workers.Count];
                var isAdmitted = _context.Admission.TryEnter();
                if ((!isAdmitted && !_context.Options.RefusesWhenFull) || !worker.Loop.Post(() => worker.Serve(socket, isAdmitted)))
                    socket.Close();
            }
        }
    }
}
