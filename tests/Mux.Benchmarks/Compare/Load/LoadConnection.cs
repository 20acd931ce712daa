using System.Diagnostics;

namespace Mux.Benchmarks.Compare.Load;

/// <summary>One client: asks, checks the answer, asks again until the time is over.</summary>
/// <remarks>
/// It is as eager as the server: a connection over loopback stands at once, so the request goes out at once; then the others
/// have their turn, and only an answer that is not there by then is waited for in the poller. With a connection per request the
/// server closes first, so that the states that linger after a close (TIME_WAIT) are the server's, where a new connection may
/// replace them, and the client's ports are free again at once.
/// </remarks>
internal sealed class LoadConnection(LoadWorker worker) : Watcher
{
    private enum State : byte
    {
        Idle,
        Connecting,
        Sending,
        Receiving,
        AwaitingEnd,
    }

    private readonly ResponseChecker _checker = new(worker.Template, worker.ClosingTemplate);
    private EagerSocket _socket;
    private State _state;
    private Interest _interest;
    private long _began;
    private int _sent;
    private int _owed;

    /// <summary>Connects and asks for the first time.</summary>
    internal void Begin()
    {
        _began = Stopwatch.GetTimestamp();
        _checker.Reset();
        var result = EagerSocket.TryConnect(worker.Address, out _socket);
        if (result.IsDone)
        {
            Ask();
        }
        else if (result.IsWouldBlock)
        {
            _state = State.Connecting;
            Await(Interest.Writable);
        }
        else
        {
            Fail($"connect: {result.Error}");
        }
    }

    /// <summary>Gives up on an answer that does not come.</summary>
    internal void Expire()
    {
        if (_state != State.Idle)
            Fail(_state == State.AwaitingEnd ? "the server did not close the connection" : "no answer in time");
    }

    /// <inheritdoc/>
    protected override void OnReady(Readiness readiness)
    {
        switch (_state)
        {
            case State.Connecting:
                var result = _socket.FinishConnect();
                if (result.IsDone)
                    Ask();
                else if (!result.IsWouldBlock)
                    Fail($"connect: {result.Error}");
                break;
            case State.Sending:
                Send();
                break;
            case State.Receiving or State.AwaitingEnd:
                Receive();
                break;
        }
    }

    /// <inheritdoc/>
    protected override void OnFaulted(Exception exception) => Fail(exception.Message);

    private void Ask()
    {
        _sent = 0;
        _owed = worker.RequestsAtOnce;
        Send();
    }

    private void Send()
    {
        var result = _socket.TrySend(worker.Requests.AsSpan(_sent));
        if (!result.IsDone && !result.IsWouldBlock)
        {
            Fail($"send: {result.Error}");
            return;
        }

        _sent += result.Count;
        if (_sent < worker.Requests.Length)
        {
            _state = State.Sending;
            Await(Interest.Writable);
            return;
        }

        _state = State.Receiving;
        if (IsRegistered)
            Await(Interest.Readable);
        else
            worker.Loop.RunAgain(this); // The others have their turn, and the server its time.
    }

    private void Receive()
    {
        while (true)
        {
            var buffer = worker.Buffer;
            var result = _socket.TryReceive(buffer);
            if (result.IsWouldBlock)
            {
                Await(Interest.Readable);
                return;
            }

            if (!result.IsDone)
            {
                if (_state == State.AwaitingEnd && result.Status == IoStatus.Closed)
                    End();
                else
                    Fail(result.Status == IoStatus.Closed ? "closed before the answer was complete" : $"recv: {result.Error}");
                return;
            }

            var completed = _checker.Advance(buffer.AsSpan(0, result.Count));
            if (completed == ResponseChecker.Mismatch || completed > _owed || (completed == _owed && _checker.IsAmid))
            {
                Fail("the answer is not the one it should be");
                return;
            }

            if (completed > 0)
            {
                _owed -= completed;
                worker.Complete(_began, completed);
            }

            if (_owed == 0 || _checker.IsClosing)
            {
                if (worker.Pattern != LoadPattern.Close && !_checker.IsClosing)
                {
                    AskAgain();
                    return;
                }

                _state = State.AwaitingEnd;
            }
            else if (result.Count < buffer.Length)
            {
                Await(Interest.Readable);
                return;
            }
        }
    }

    private void AskAgain()
    {
        if (!worker.MayAsk())
        {
            End();
            return;
        }

        _began = Stopwatch.GetTimestamp();
        Ask();
    }

    private void Await(Interest interest)
    {
        var error = IsRegistered
            ? interest == _interest ? PollerError.None : worker.Loop.TryModify(this, interest)
            : worker.Loop.TryRegister(this, _socket.Source, interest);
        _interest = interest;
        if (error != PollerError.None)
            Fail($"the poller refuses: {error}");
    }

    private void End()
    {
        CloseSocket();
        worker.OnEnded(this);
    }

    private void Fail(string reason)
    {
        CloseSocket();
        worker.OnFailed(reason);
    }

    private void CloseSocket()
    {
        _state = State.Idle;
        worker.Loop.Unregister(this);
        _socket.Close();
        _socket = default;
    }
}
