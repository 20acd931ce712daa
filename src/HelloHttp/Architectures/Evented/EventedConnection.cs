using HelloHttp.Architectures.Loops;
using HelloHttp.Http;
using Mux;

namespace HelloHttp.Architectures.Evented;

/// <summary>One connection: waits until it is readable, receives once; waits until it is writable, sends once.</summary>
/// <remarks>
/// A request on a connection of its own costs accept, recv, send and close, the registration, its change from readable to
/// writable, its removal, and a wait in the poller before accept, recv and send, each shared with whatever else is ready.
/// An answer waits in memory of its own, since the loop's buffer is needed until the socket is writable.
/// </remarks>
internal sealed class EventedConnection(LoopWorker worker) : LoopConnection(worker)
{
    private bool _drained;

    /// <inheritdoc/>
    private protected override PollMode Mode => PollMode.OneShot;

    /// <inheritdoc/>
    private protected override void Start() => Await(Interest.Readable);

    /// <inheritdoc/>
    private protected override void Continue()
    {
        if (_unsent.IsEmpty)
            OnReadable();
        else if (TrySendParked())
            Answer(_worker.Input[.._unread.Take(_worker.Input)]);
    }

    /// <inheritdoc/>
    private protected override void Conclude()
    {
        // What arrived before this was refused, or comes behind it, has not been looked at.
        _drained = false;
        if (_unsent.IsEmpty)
            End(drained: false);
        else
            Await(Interest.Writable);
    }

    /// <inheritdoc/>
    private protected override void Linger() => TrySetInterest(Interest.Readable);

    private void OnReadable()
    {
        var input = _worker.Input;
        var end = _unread.Take(input);
        var received = Receive(input[end..]);
        if (!received.IsDone && !received.IsWouldBlock)
        {
            // The end of the stream, or a reset. Everything that was complete has been answered.
            Close();
            return;
        }

        _drained = received.Count < input.Length - end;
        Answer(input[..(end + received.Count)]);
    }

    /// <summary>Goes on with the protocol; what it answers is sent when the socket is writable.</summary>
    private void Answer(ReadOnlySpan<byte> input)
    {
        var output = _worker.Output;
        var exchange = new Exchange(input, output);
        var step = Advance(ref exchange);
        _unread.Park(exchange.Input);
        _unsent.Park(output[..^exchange.Output.Length]);
        if (!_unsent.IsEmpty)
            Await(Interest.Writable);
        else if (step == Step.Close)
            End(_drained);
        else
            Await(Interest.Readable);
    }
}
