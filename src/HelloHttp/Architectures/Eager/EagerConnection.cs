using HelloHttp.Http;
using Mux;

namespace HelloHttp.Architectures.Eager;

/// <summary>
/// One connection, used again for the next one when it ends. It does at once whatever can be done, and goes to the poller only
/// when a call would block.
/// </summary>
/// <remarks>
/// Per request: one recv and one send. A connection that brings its request with it and ends after the answer costs accept, recv,
/// send and close and is never registered. Otherwise one registration when it first has to wait, and a change of interest
/// only when the peer does not take its answer: from then on nothing is read until the answer is sent.
/// Nothing is allocated once the pools are filled.
/// </remarks>
internal sealed partial class EagerConnection : Watcher
{
    /// <summary>
    /// Bytes received or sent in one turn, after which the loop's other connections are served first. A few buffers: enough
    /// to make the change of turns cheap, and well below a millisecond of work.
    /// </summary>
    private const int TurnBudget = 256 * 1024;

    private readonly EagerWorker _worker;
    private readonly Http1 _http;
    private readonly LoopTimer _timer;
    private EagerSocket _socket;
    private Parked _unread;
    private Parked _unsent;
    private Interest _interest;
    private Waiting _waiting;

    internal EagerConnection(EagerWorker worker)
    {
        _worker = worker;
        _http = new Http1(worker.Service);
        _timer = new LoopTimer(worker.Loop, static connection => ((EagerConnection)connection!).OnTimeout(), this);
    }

    /// <summary>The worker's list of open connections, or of those that wait to be used again.</summary>
    internal EagerConnection? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    internal EagerConnection? Next { get; set; }

    /// <summary>Begins with a socket just accepted, and serves it as far as it goes.</summary>
    internal void Begin(EagerSocket socket)
    {
        _socket = socket;
        if (_worker.IsDraining)
            _http.CloseAfterCurrent();
        Serve();
    }

    /// <inheritdoc/>
    protected override void OnReady(Readiness readiness)
    {
        if (_waiting == Waiting.Linger)
            Discard();
        else
            Serve();
    }

    /// <summary>Receives, advances the protocol and sends, until a call would block, the turn is over or the connection ends.</summary>
    private void Serve()
    {
        if (!_unsent.IsEmpty && !TrySendParked())
            return;

        var counters = _worker.Counters;
        Span<byte> input = _worker.Input, output = _worker.Output;
        var date = _worker.Date;
        var start = 0;
        var end = _unread.Take(input);
        var budget = TurnBudget;
        var drained = false;
        while (true)
        {
            var exchange = new Exchange(input[start..end], output);
            var answered = _http.Requests;
            var step = _http.Advance(ref exchange, date);
            counters.Requests += _http.Requests - answered;
            start = end - exchange.Input.Length;
            var written = output.Length - exchange.Output.Length;
            if (written > 0)
            {
                budget -= written;
                if (!TrySend(output[..written], input[start..end]))
                    return;
            }

            switch (step)
            {
                case Step.Close:
                    End(drained);
                    return;
                case Step.Send when budget > 0:
                    continue;
                case Step.Send:
                    _unread.Park(input[start..end]);
                    YieldTurn();
                    return;
            }

            // Level-triggered: what is left in the kernel when the turn is over is reported by the next wait.
            if (drained || budget <= 0)
            {
                _unread.Park(input[start..end]);
                Await(Interest.Readable);
                return;
            }

            if (start > 0)
                input[start..end].CopyTo(input);
            end -= start;
            start = 0;
            var received = _socket.TryReceive(input[end..]);
            if (received.IsDone)
            {
                // A short receive has drained the socket: the call that would only say so is saved.
                drained = received.Count < input.Length - end;
                end += received.Count;
                budget -= received.Count;
                counters.BytesReceived += received.Count;
            }
            else if (received.IsWouldBlock)
            {
                drained = true;
            }
            else
            {
                // The end of the stream, or a reset. Everything that was complete has been answered.
                Close();
                return;
            }
        }
    }

    /// <summary>Sends what the loop's buffer holds. What does not fit into the socket is parked, and what is unread with it.</summary>
    /// <returns>Whether all is sent; otherwise the connection waits or has ended.</returns>
    private bool TrySend(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> unread)
    {
        var sent = _socket.TrySend(bytes);
        OnSent(sent.Count);
        if (sent.Count == bytes.Length)
            return true;
        if (!sent.IsDone && !sent.IsWouldBlock)
        {
            Close();
            return false;
        }

        _unsent.Park(bytes[sent.Count..]);
        _unread.Park(unread);
        Await(Interest.Writable);
        return false;
    }

    private bool TrySendParked()
    {
        var sent = _socket.TrySend(_unsent.Bytes);
        OnSent(sent.Count);
        if (!sent.IsDone && !sent.IsWouldBlock)
        {
            Close();
            return false;
        }

        _unsent.Drop(sent.Count);
        if (_unsent.IsEmpty)
            return true;
        Await(Interest.Writable);
        return false;
    }

    private void OnSent(int count)
    {
        _worker.Counters.BytesSent += count;

        // The write timeout begins anew with the next wait: the peer has taken something.
        if (count > 0 && _waiting == Waiting.Writable)
            _waiting = Waiting.Nothing;
    }

    /// <summary>Others first: there is more to do, and no call has said that it would block.</summary>
    private void YieldTurn()
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
