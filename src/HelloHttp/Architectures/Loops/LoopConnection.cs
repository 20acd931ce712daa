using HelloHttp.Hosting;
using HelloHttp.Http;
using HelloHttp.Tracing;
using Mux;

namespace HelloHttp.Architectures.Loops;

/// <summary>
/// One connection of an event loop, used again for the next one when it ends: what it waits for and how it ends. When it
/// receives and sends is for its architecture to say.
/// </summary>
internal abstract partial class LoopConnection : Watcher
{
    private protected readonly LoopWorker _worker;
    private protected readonly Http1 _http;
    private readonly RequestRecord _record;
    private protected Parked _unread;
    private protected Parked _unsent;
    private protected ConnectionTrace? _trace;
    private readonly LoopTimer _timer;
    private EagerSocket _socket;
    private Interest _interest;
    private Waiting _waiting;
    private bool _isStalled;      // the peer takes less than it is owed,
    private long _stalledSince;   // since when,
    private long _taken;          // and what it has taken since then

    private protected LoopConnection(LoopWorker worker)
    {
        _worker = worker;
        _record = worker.NewRecord();
        _http = new Http1(worker.Service, _record);
        _timer = new LoopTimer(worker.Loop, static connection => ((LoopConnection)connection!).OnTimeout(), this);
    }

    /// <summary>The worker's list of open connections, or of those that wait to be used again.</summary>
    internal LoopConnection? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    internal LoopConnection? Next { get; set; }

    /// <summary>Whether it has one of the places of --max-connections; otherwise it is told that there is none.</summary>
    internal bool IsAdmitted { get; private set; }

    /// <summary>Begins with a socket just accepted.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="isAdmitted">Whether there is a place for it.</param>
    internal void Begin(EagerSocket socket, bool isAdmitted)
    {
        IsAdmitted = isAdmitted;
        _socket = socket;
        _trace = _worker.Tracer?.Accepted(_worker.Loop.Name, socket);
        _record.Accepted(socket);
        if (_worker.IsDraining)
            _http.CloseAfterCurrent();
        if (isAdmitted)
            Start();
        else
            Refuse(Refusal.Overloaded);
    }

    /// <inheritdoc/>
    protected sealed override void OnReady(Readiness readiness)
    {
        if ((Mode & PollMode.OneShot) != 0)
            _interest = Interest.None; // Spent: the next wait arms it again.
        if (_waiting == Waiting.Linger)
            Discard();
        else
            Continue();
    }

    /// <summary>How often the poller reports: level-triggered, unless the architecture wants it otherwise.</summary>
    private protected virtual PollMode Mode => PollMode.Level;

    /// <summary>The first thing to be done with a new connection.</summary>
    private protected abstract void Start();

    /// <summary>What the connection waited for has come.</summary>
    private protected abstract void Continue();

    /// <summary>One recv.</summary>
    private protected IoResult Receive(Span<byte> buffer)
    {
        var received = _socket.TryReceive(buffer);
        _worker.Counters.BytesReceived += received.Count;
        _trace?.Receive(received);
        return received;
    }

    /// <summary>Goes as far with the protocol as input and output allow.</summary>
    private protected Step Advance(ref Exchange exchange)
    {
        var answered = _http.Requests;
        var (unread, room) = (exchange.Input.Length, exchange.Output.Length);
        var step = _http.Advance(ref exchange, _worker.Date);
        _worker.Counters.Requests += _http.Requests - answered;
        _trace?.Parse(step, unread - exchange.Input.Length, _http.Requests - answered, room - exchange.Output.Length);
        return step;
    }

    /// <summary>One send. A peer that is gone ends the connection.</summary>
    /// <returns>The bytes that the kernel took; -1 when the connection has ended.</returns>
    private protected int Send(ReadOnlySpan<byte> bytes)
    {
        var sent = _socket.TrySend(bytes);
        _worker.Counters.BytesSent += sent.Count;
        _trace?.Send(sent, bytes.Length);

        // The write timeout begins anew with the next wait: the peer has taken something.
        _taken += sent.Count;
        if (sent.Count > 0 && _waiting == Waiting.Writable)
            _waiting = Waiting.Nothing;
        if (sent.IsDone || sent.IsWouldBlock)
            return sent.Count;
        Close();
        return -1;
    }

    /// <summary>Sends what is parked, as far as the kernel takes it, and waits until it takes the rest.</summary>
    /// <returns>Whether all is sent; otherwise the connection waits or has ended.</returns>
    private protected bool TrySendParked()
    {
        var sent = Send(_unsent.Bytes);
        if (sent < 0)
            return false;
        _unsent.Drop(sent);
        if (_unsent.IsEmpty)
            return true;
        Await(Interest.Writable);
        return false;
    }

    /// <summary>Others first: there is more to do, and no call has said that it would block.</summary>
    private protected void YieldTurn()
    {
        if (IsRegistered)
        {
            // While a response is owed, readability would only interrupt.
            Await(Interest.Writable);
            return;
        }

        _timer.Cancel();
        _waiting = Waiting.Nothing;
        _worker.Loop.RunAgain(this);
    }
}
