using System.Net.Sockets;
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

    /// <summary>Begins to accept.</summary>
    /// <exception cref="IOException">The kernel has no room for the registration.</exception>
    internal void Begin() => _worker.Loop.Register(this, Listener.Source, Interest.Readable, Mode);

    /// <summary>Goes on after a pause, or as soon as the kernel has room again for the registration.</summary>
    internal void Resume()
    {
        if (_finished)
            return;
        var error = IsRegistered
            ? _worker.Loop.TryModify(this, Interest.Readable, Mode)
            : _worker.Loop.TryRegister(this, Listener.Source, Interest.Readable, Mode);
        if (error == PollerError.None)
        {
            _paused = false;
            _resume.Cancel();
            return;
        }

        _context.AcceptFailures.Report(SocketError.NoBufferSpaceAvailable);
        Rest();
    }

    /// <summary>A place is free again.</summary>
    internal void OnConnectionClosed()
    {
        if (_paused)
            Resume();
    }

    /// <summary>
    /// Accepts what waits and leaves the listener. No more than the queue can have held when it began: where clients come
    /// again as fast as they are served, it would have no end.
    /// </summary>
    internal void Finish()
    {
        if (_finished)
            return;
        _finished = true;
        Accept(_context.Options.Backlog);
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

    /// <summary>An acceptor that has failed, whatever it was, tries again: the listener is still there.</summary>
    protected sealed override void OnFaulted(Exception exception)
    {
        if (!_finished)
            Rest();
    }

    /// <summary>The poller says that somebody waits.</summary>
    private protected abstract void AcceptWaiting();

    /// <summary>Accepts so many connections.</summary>
    /// <returns>False when nobody waits, or accepting has to pause.</returns>
    private protected bool Accept(int count)
    {
        var refuses = _context.Options.RefusesWhenFull;
        for (var i = 0; i < count; i++)
        {
            // Who waits for a place takes it before the connection. Who refuses must not: a loop that then finds nobody would
            // have held the last place while another one, which needed it, refused.
            if (!refuses && !_context.Admission.TryEnter())
            {
                PauseAccepting();
                return false;
            }

            var result = Listener.TryAccept(out var socket);
            if (result.IsDone)
            {
                _worker.Serve(socket, !refuses || _context.Admission.TryEnter());
                continue;
            }

            if (!refuses)
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

    /// <summary>Until <see cref="Resume"/>, which comes by itself.</summary>
    private void Rest()
    {
        _paused = true;
        _resume.Arm(Pause);
    }

    private void PauseAccepting()
    {
        if (_paused || _finished)
            return;
        Rest();

        // Not heard of any more until then; where the kernel has no room for that either, it is reported and not accepted from.
        _worker.Loop.TryModify(this, Interest.None, Mode);
    }
}
