using Mux;

namespace HelloHttp.Architectures.Loops;

/// <summary>
/// Accepts for one loop from one listener, which other loops may share. When descriptors run out the listener stays readable;
/// accepting then pauses until a connection of this loop ends or a moment has passed, instead of spinning.
/// </summary>
internal abstract class LoopAcceptor : Watcher
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly LoopWorker _worker;
    private readonly ServerContext _context;
    private readonly LoopTimer _resume;
    private bool _paused;
    private bool _finished;

    private protected LoopAcceptor(LoopWorker worker, ListenSocket listener, ServerContext context)
    {
        _worker = worker;
        Listener = listener;
        _context = context;
        _resume = new LoopTimer(worker.Loop, static acceptor => ((LoopAcceptor)acceptor!).Resume(), this);
    }

    private protected ListenSocket Listener { get; }

    /// <summary>How many loops accept from the listener.</summary>
    private protected int Sharers => _context.Listeners.Sharers;

    /// <summary>Whether the kernel is asked to wake as few as it can of the loops that share the listener.</summary>
    private protected bool IsExclusive => _context.Options.Exclusive;

    /// <summary>How often the poller reports: level-triggered, unless the architecture wants it otherwise.</summary>
    private protected virtual PollMode Mode => IsExclusive ? PollMode.Level | PollMode.Exclusive : PollMode.Level;

    /// <summary>Begins to accept, or goes on after a pause.</summary>
    internal void Resume()
    {
        if (_finished)
            return;
        _paused = false;
        _resume.Cancel();
        if (!IsRegistered)
            _worker.Loop.Register(this, Listener.Source, Interest.Readable, Mode);
        else
            _worker.Loop.Modify(this, Interest.Readable, Mode);
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
        while (Accept(int.MaxValue))
        {
        }

        _resume.Cancel();
        _worker.Loop.Unregister(this);
    }

    /// <inheritdoc/>
    protected sealed override void OnReady(Readiness readiness)
    {
        var before = _worker.Counters.Accepted;
        AcceptWaiting();
        if (_worker.Counters.Accepted == before && !_paused)
            _worker.Counters.WastedWakeUps++;
    }

    /// <summary>The poller says that somebody waits.</summary>
    private protected abstract void AcceptWaiting();

    /// <summary>Accepts so many connections.</summary>
    /// <returns>False when nobody waits, or accepting has to pause.</returns>
    private protected bool Accept(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var isAdmitted = _context.Admission.TryEnter();
            if (!isAdmitted && !_context.Options.RefusesWhenFull)
            {
                PauseAccepting();
                return false;
            }

            var result = Listener.TryAccept(out var socket);
            if (result.IsDone)
            {
                _worker.Serve(socket, isAdmitted);
                continue;
            }

            if (isAdmitted)
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

    private protected bool IsPaused => _paused;

    private void PauseAccepting()
    {
        if (_paused || _finished)
            return;
        _paused = true;
        _resume.Arm(Pause);
        _worker.Loop.Modify(this, Interest.None, Mode);
    }
}
