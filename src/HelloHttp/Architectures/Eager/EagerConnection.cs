using HelloHttp.Architectures.Loops;
using HelloHttp.Http;
using Mux;

namespace HelloHttp.Architectures.Eager;

/// <summary>
/// One connection. It does at once whatever can be done, and goes to the poller only when a call would block.
/// </summary>
/// <remarks>
/// Per request: one recv and one send. A connection that brings its request with it and ends after the answer costs accept, recv,
/// send and close and is never registered. Otherwise one registration when it first has to wait, and a change of interest
/// only when the peer does not take its answer: from then on nothing is read until the answer is sent.
/// Nothing is allocated once the pools are filled.
/// </remarks>
internal sealed class EagerConnection(LoopWorker worker) : LoopConnection(worker)
{
    /// <summary>
    /// Bytes received or sent in one turn, after which the loop's other connections are served first. A few buffers: enough
    /// to make the change of turns cheap, and well below a millisecond of work.
    /// </summary>
    private const int TurnBudget = 256 * 1024;

    /// <inheritdoc/>
    private protected override void Start() => Serve();

    /// <inheritdoc/>
    private protected override void Continue()
    {
        if (_unsent.IsEmpty || TrySendParked())
            Serve();
    }

    /// <inheritdoc/>
    private protected override void Conclude() => Continue();

    /// <summary>Receives, advances the protocol and sends, until a call would block, the turn is over or the connection ends.</summary>
    private void Serve()
    {
        Span<byte> input = _worker.Input, output = _worker.Output;
        var start = 0;
        var end = _unread.Take(input);
        var budget = TurnBudget;
        var drained = false;
        while (true)
        {
            var exchange = new Exchange(input[start..end], output);
            var step = Advance(ref exchange);
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
            var received = Receive(input[end..]);
            if (received.IsDone)
            {
                // A short receive has drained the socket: the call that would only say so is saved.
                drained = received.Count < input.Length - end;
                end += received.Count;
                budget -= received.Count;
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
        var sent = Send(bytes);
        if (sent == bytes.Length)
            return true;
        if (sent < 0)
            return false;
        _unsent.Park(bytes[sent..]);
        _unread.Park(unread);
        Await(Interest.Writable);
        return false;
    }
}
