using HelloHttp.Http;

namespace HelloHttp.Architectures.Threads;

// How long a connection is waited for, and how it ends.
internal sealed partial class BlockingWorker
{
    /// <summary>How long a connection may go on answering requests while others wait.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    private bool _isOpen;
    private bool _isDraining;
    private long _turnSince;
    private Phase _phase;         // what is waited for,
    private long _request;        // for which request,
    private long _since;          // since when,
    private long _bodyReceived;   // and how much of its body had come by then
    private bool _wasOverdue;

    private void Begin()
    {
        _isOpen = true;
        _isDraining = false;
        _turnSince = _clock.Timestamp;
        _phase = Phase.Closed;
        SeeStop();
    }

    /// <summary>When the server drains: the next answer with nothing behind it is the last.</summary>
    private void SeeStop()
    {
        if (_isDraining || !_witness.SeesStop())
            return;
        _isDraining = true;
        _http.CloseAfterCurrent();

        // A request may be on its way; its time runs from now on.
        if (_phase == Phase.Idle)
            _since = _clock.Timestamp;
    }

    /// <summary>The wait for the rest of a request goes on; one for something else begins.</summary>
    private void BeginWait()
    {
        if (_phase == _http.Phase && _request == _http.Requests)
            return;
        _phase = _http.Phase;
        _request = _http.Requests;
        _since = _clock.Timestamp;
        _bodyReceived = _http.BodyReceived;
        _wasOverdue = false;
        if (_clock.Since(_turnSince) < Turn)
            return;
        _turnSince = _clock.Timestamp;
        if (!_isDraining && _doOthersWait())
            _http.CloseAfterCurrent();
    }

    /// <summary>Whether to wait for the peer another tick; otherwise the connection has ended, with 408 where that is due.</summary>
    private bool MayWait()
    {
        if (!_isOpen)
            return false;
        if (_stop.IsCut)
        {
            CutOff++;
            Abort();
            return false;
        }

        var waited = _clock.Since(_since);
        switch (_phase)
        {
            case Phase.Head:
                return waited < Options.HeaderTimeout || Refuse();
            case Phase.Body:
                if (waited < Options.BodyTimeout)
                    return true;
                if (_http.BodyReceived - _bodyReceived < Options.MinBodyRate * Options.BodyTimeout.TotalSeconds)
                    return Refuse();
                _since = _clock.Timestamp;
                _bodyReceived = _http.BodyReceived;
                return true;
        }

        // Nothing is asked of it; not one byte has come.
        var patience = _isDraining ? Patience.WhileDraining(Options.IdleTimeout) : Options.IdleTimeout;
        var isOverdue = waited >= patience || (waited >= Patience.Grace && !_isDraining && _doOthersWait());
        if (isOverdue && _wasOverdue)
        {
            Close();
            return false;
        }

        // One look more when its time is over: a thread that was not run for a while finds what has come meanwhile.
        _wasOverdue = isOverdue;
        return true;
    }

    /// <summary>Whether to go on sending to a peer that has taken nothing since then (0: it takes what it is given).</summary>
    private bool MaySend(long stalledSince)
    {
        var isOverdue = stalledSince != 0 && _clock.Since(stalledSince) >= Options.WriteTimeout;
        if (!isOverdue && !_stop.IsCut)
            return true;
        if (isOverdue)
            Counters.TimedOut++;
        else
            CutOff++;

        // Closing would leave the kernel with what the peer does not take.
        Abort();
        return false;
    }

    /// <summary>Whether the peer, while it takes less than it is owed, takes enough over each stretch of the write timeout.</summary>
    /// <param name="since">When the stretch began; 0 before the first.</param>
    /// <param name="taken">What it has taken in it.</param>
    /// <returns>False: the connection has ended.</returns>
    private bool HasWriteRate(ref long since, ref long taken)
    {
        var stretch = since == 0 ? TimeSpan.Zero : _clock.Since(since);
        if (since != 0 && stretch < Options.WriteTimeout)
            return true;
        if (since != 0 && taken < Options.MinWriteRate * stretch.TotalSeconds)
        {
            Counters.TimedOut++;
            Abort();
            return false;
        }

        since = _clock.Timestamp;
        taken = 0;
        return true;
    }

    /// <summary>Ends a request that takes too long, with the answer that the protocol has for it.</summary>
    /// <returns>False: the connection has ended.</returns>
    private bool Refuse()
    {
        Counters.TimedOut++;
        var output = _buffers.Output;
        var exchange = new Exchange([], output);
        var answered = _http.Requests;
        _http.Refuse(ref exchange, _buffers.Date, Refusal.Timeout);
        Counters.Requests += _http.Requests - answered;
        var written = output.Length - exchange.Output.Length;
        _trace?.Refuse(Refusal.Timeout, written);
        if (Send(output[..written]))
            End(drained: false);
        return false;
    }

    /// <summary>The last response is sent.</summary>
    /// <param name="drained">Whether everything that has arrived was received.</param>
    private void End(bool drained)
    {
        // Closing while input is unread, or may yet come, sends a reset, which can take the response from the peer before
        // it is read (RFC 9112 section 9.6).
        if ((!drained || _http.LingerOnClose) && _socket.ShutdownSend().IsDone)
            Linger();
        Close();
    }

    private void Linger()
    {
        var since = _clock.Timestamp;
        var discardable = (long)Patience.LingerBytes;
        while (!_stop.IsCut)
        {
            var result = _socket.TryDiscard(_buffers.Input, discardable, out var discarded);
            _clock.NextBatch();
            SeeStop();
            _trace?.Discard(discarded);
            discardable -= discarded;
            var patience = !_isDraining && _doOthersWait() ? Patience.Grace : Patience.LingerTime;
            if (!result.IsWouldBlock || discardable <= 0 || _clock.Since(since) >= patience)
                return;
        }
    }

    /// <summary>Closes; what was sent is still delivered.</summary>
    private void Close()
    {
        _trace?.Close();
        _socket.Close();
        _isOpen = false;
    }

    /// <summary>Closes and throws away what the peer has not taken.</summary>
    private void Abort()
    {
        if (!_isOpen)
            return;
        _trace?.Abort();
        _socket.Abort();
        _isOpen = false;
    }
}
