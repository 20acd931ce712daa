using Mux;

namespace HelloHttp.Architectures.Loops;

// How connections end.
internal abstract partial class LoopConnection
{
    private long _discardable;

    /// <summary>
    /// The server is to stop: what has arrived is answered, the last answer saying so; a connection that nothing is asked of
    /// gets a moment for a request that is on its way, and is closed.
    /// </summary>
    internal void Drain()
    {
        _http.CloseAfterCurrent();
        if (_waiting == Waiting.Request)
            Arm(Waiting.Request, _worker.IdleTimeout);
    }

    /// <summary>Closes at once; what was sent is still delivered.</summary>
    internal void Close()
    {
        _trace?.Close();
        Leave();
        _socket.Close();
        Retire();
    }

    /// <summary>Closes at once and throws away what the peer has not taken.</summary>
    internal void Abort()
    {
        _trace?.Abort();
        Leave();
        _socket.Abort();
        Retire();
    }

    /// <inheritdoc/>
    protected override void OnFaulted(Exception exception) => Abort();

    /// <inheritdoc/>
    protected override void OnStopped() => Abort();

    /// <summary>The last response is sent.</summary>
    /// <param name="drained">Whether everything that has arrived was received.</param>
    private protected void End(bool drained)
    {
        // Closing while input is unread, or may yet come, sends a reset, which can take the response from the peer before
        // it is read (RFC 9112 section 9.6).
        if (drained && !_http.LingerOnClose)
        {
            Close();
            return;
        }

        if (!_socket.ShutdownSend().IsDone)
        {
            Close();
            return;
        }

        _discardable = Patience.LingerBytes;
        Arm(Waiting.Linger, Patience.LingerTime);
        Linger();
    }

    /// <summary>Reads on for a while after the last response.</summary>
    private protected virtual void Linger() => Discard();

    private void Discard()
    {
        var result = _socket.TryDiscard(_worker.Input, _discardable, out var discarded);
        _trace?.Discard(discarded);
        _discardable -= discarded;
        if (result.IsWouldBlock && _discardable > 0)
            TrySetInterest(Interest.Readable);
        else
            Close();
    }

    private void Leave()
    {
        if (Loop is not null)
            _worker.Loop.Unregister(this);
        if (_timer.IsArmed)
            _timer.Cancel();
    }

    private void Retire()
    {
        _socket = default;
        _trace = null;
        _unread.Release();
        _unsent.Release();
        _interest = Interest.None;
        _waiting = Waiting.Nothing;
        _isStalled = false;
        _http.Reset();
        _worker.Retire(this);
    }
}
