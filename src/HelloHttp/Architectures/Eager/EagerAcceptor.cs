using Mux;

namespace HelloHttp.Architectures.Eager;

/// <summary>
/// Accepts for one loop from one listener, which all loops share. Each connection is served as far as it goes before the next is
/// accepted.
/// </summary>
/// <remarks>
/// An accept that finds nobody costs as much as half a request, so the system is asked how many wait, where it tells. When
/// descriptors run out the listener stays readable; accepting then pauses until a connection of this loop ends or a moment has
/// passed, instead of spinning.
/// </remarks>
internal sealed class EagerAcceptor : Watcher
{
    /// <summary>Connections accepted in one turn at most; those accepted before have their turn then.</summary>
    private const int MaxBatch = 64;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly EagerWorker _worker;
    private readonly ListenSocket _listener;
    private readonly ServerContext _context;
    private readonly LoopTimer _resume;
    private bool _paused;
    private bool _finished;

    internal EagerAcceptor(EagerWorker worker, ListenSocket listener, ServerContext context)
    {
        _worker = worker;
        _listener = listener;
        _context = context;
        _resume = new LoopTimer(worker.Loop, static acceptor => ((EagerAcceptor)acceptor!).Resume(), this);
    }

    /// <summary>Begins to accept, or goes on after a pause.</summary>
    internal void Resume()
    {
        if (_finished)
            return;
        _paused = false;
        _resume.Cancel();
        if (!IsRegistered)
            _worker.Loop.Register(this, _listener.Source, Interest.Readable);
        else
            _worker.Loop.Modify(this, Interest.Readable);
    }

    /// <summary>A place is free again.</summary>
    internal void OnConnectionClosed()
    {
        if (_paused)
            Resume();
    }

    /// <summary>Accepts what waits, all of it, and leaves the listener.</summary>
    internal void Finish()
    {
        if (_finished)
            return;
        _finished = true;
        while (AcceptBatch(int.MaxValue))
        {
        }

        _resume.Cancel();
        _worker.Loop.Unregister(this);
    }

    /// <inheritdoc/>
    protected override void OnReady(Readiness readiness)
    {
        var room = MaxBatch;
        while (room > 0)
        {
            var pending = _listener.PendingConnections;
            if (pending == 0)
                return;

            // Loops that were woken by the same connections take a share each, instead of the quickest taking all.
            var share = pending < 0 ? room : Math.Min(room, (pending + _context.Options.Workers - 1) / _context.Options.Workers);
            if (!AcceptBatch(share) || share < pending)
                return;
            room -= share;
        }
    }

    /// <summary>Accepts so many connections.</summary>
    /// <returns>False when nobody waits, or accepting has to pause.</returns>
    private bool AcceptBatch(int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (!_context.Admission.TryEnter())
            {
                PauseAccepting();
                return false;
            }

            var result = _listener.TryAccept(out var socket);
            if (result.IsDone)
            {
                _worker.Serve(socket);
                continue;
            }

            _context.Admission.Leave();
            if (result.IsWouldBlock)
            {
                _worker.Counters.AcceptWouldBlocks++;
                return false;
            }

            _worker.Counters.AcceptFailures++;
            _context.AcceptFailures.Report(result.Error);
            PauseAccepting();
            return false;
        }

        return true;
    }

    private void PauseAccepting()
    {
        if (_paused || _finished)
            return;
        _paused = true;
        _resume.Arm(Pause);
        _worker.Loop.Modify(this, Interest.None);
    }
}
