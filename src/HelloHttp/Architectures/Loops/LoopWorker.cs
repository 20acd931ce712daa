using HelloHttp.Configuration;
using HelloHttp.Hosting;
using HelloHttp.Http;
using HelloHttp.Tracing;
using Mux;

namespace HelloHttp.Architectures.Loops;

/// <summary>
/// One loop and all that its connections share: a buffer to receive into, one to answer from, the date, the objects that wait
/// to be used again. Everything runs on the loop's thread.
/// </summary>
internal sealed class LoopWorker
{
    private readonly ServerContext _context;
    private readonly LoopArchitecture _architecture;
    private readonly WorkerBuffers _buffers;
    private readonly AccessLogBuffer? _accessLog;
    private readonly List<LoopAcceptor> _acceptors = [];
    private readonly TaskCompletionSource _stoppedAccepting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LoopConnection? _open;
    private LoopConnection? _free;
    private int _connections;
    private bool _listenersClosed;

    internal LoopWorker(ServerContext context, EventLoop loop, LoopArchitecture architecture, IReadOnlyList<ListenSocket> listeners)
    {
        _context = context;
        _architecture = architecture;
        _buffers = new WorkerBuffers(context.Service, loop.Clock);
        _accessLog = context.AccessLog?.NewBuffer();
        Loop = loop;
        foreach (var listener in listeners)
            _acceptors.Add(architecture.NewAcceptor(this, listener, context));
    }

    internal EventLoop Loop { get; }

    internal HttpService Service => _context.Service;

    internal ServerOptions Options => _context.Options;

    internal WorkerCounters Counters { get; } = new();

    internal Tracer? Tracer => _context.Tracer;

    internal Span<byte> Input => _buffers.Input;

    internal Span<byte> Output => _buffers.Output;

    internal HttpDate Date => _buffers.Date;

    internal bool IsDraining { get; private set; }

    internal TimeSpan IdleTimeout => IsDraining ? Patience.WhileDraining(Options.IdleTimeout) : Options.IdleTimeout;

    /// <summary>Complete when this loop accepts no more: the listeners may be closed as far as it is concerned.</summary>
    internal Task StoppedAccepting => _stoppedAccepting.Task;

    /// <summary>Complete when this loop drains and has no connection left.</summary>
    internal Task Drained => _drained.Task;

    /// <summary>What writes one connection's requests down.</summary>
    internal RequestRecord NewRecord() => new(Counters, _context.Metrics, _accessLog, _context.Time);

    /// <summary>Begins to accept; before the loop runs or on its thread.</summary>
    internal void Start()
    {
        foreach (var acceptor in _acceptors)
            acceptor.Begin();
    }

    /// <summary>Serves a connection just accepted, as far as it goes.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="isAdmitted">Whether there is a place for it; otherwise it is answered 503.</param>
    internal void Serve(EagerSocket socket, bool isAdmitted = true)
    {
        var connection = _free;
        if (connection is null)
            connection = _architecture.NewConnection(this);
        else
            _free = connection.Next;

        connection.Previous = null;
        connection.Next = _open;
        if (_open is not null)
            _open.Previous = connection;
        _open = connection;
        _connections++;
        Counters.Accepted++;
        try
        {
            connection.Begin(socket, isAdmitted);
        }
        catch (Exception e)
        {
            // The acceptor is not to blame, and must not lose its registration for it.
            OnFault(e);
            connection.Abort();
        }
    }

    /// <summary>Takes a connection back that has ended.</summary>
    internal void Retire(LoopConnection connection)
    {
        if (connection.Previous is { } previous)
            previous.Next = connection.Next;
        else
            _open = connection.Next;
        if (connection.Next is { } next)
            next.Previous = connection.Previous;
        connection.Next = _free;
        _free = connection;
        _connections--;

        // The place first: who reads from the counters that a connection has ended finds it free.
        if (connection.IsAdmitted)
            _context.Admission.Leave();
        Counters.Closed++;
        foreach (var acceptor in _acceptors)
            acceptor.OnConnectionClosed();
        CompleteDrain();
    }

    /// <summary>Accepts what waits in the kernel's queue, then no more, and brings every connection to its end.</summary>
    internal void Drain()
    {
        IsDraining = true;
        foreach (var acceptor in _acceptors)
            acceptor.Finish();
        _stoppedAccepting.TrySetResult();
        for (var connection = _open; connection is not null;)
        {
            var next = connection.Next;
            connection.Drain();
            connection = next;
        }
    }

    /// <summary>From now on no connection is added: the last to end completes the drain.</summary>
    internal void OnListenersClosed()
    {
        _listenersClosed = true;
        CompleteDrain();
    }

    /// <summary>Cuts off what is left.</summary>
    /// <returns>How many connections that were.</returns>
    internal int AbortAll()
    {
        var count = _connections;
        while (_open is { } connection)
            connection.Abort();
        return count;
    }

    internal void OnFault(Exception exception) => ServerLog.HandlerFailed(_context.Logger, Loop.Name, exception);

    internal void OnCannotWait(PollerError error) => ServerLog.CannotWait(_context.Logger, Loop.Poller.Name, error);

    private void CompleteDrain()
    {
        if (_listenersClosed && _connections == 0)
            _drained.TrySetResult();
    }
}
