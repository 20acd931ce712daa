using HelloHttp.Http;
using Mux;

namespace HelloHttp.Architectures.Loops;

// What a connection waits for, and for how long. The loop's timer is armed once per wait, at no system call.
internal abstract partial class LoopConnection
{
    /// <summary>What the timer, if armed, is about.</summary>
    private enum Waiting : byte
    {
        Nothing,
        Request,
        Head,
        Body,
        Writable,
        Linger,
    }

    private long _waitingSince;   // the count of requests when the wait for head or body began
    private long _bodySoFar;      // bytes of the body when its stretch of time began

    /// <summary>Waits in the poller.</summary>
    private protected void Await(Interest interest)
    {
        if (!TrySetInterest(interest))
            return;
        if (interest == Interest.Writable)
        {
            // Arming it again without progress would let a peer that takes nothing wait for ever on spurious readiness.
            if (_waiting == Waiting.Writable)
                return;
            if (HasWriteRate())
                Arm(Waiting.Writable, _worker.Options.WriteTimeout);
            else
                CutOff();
            return;
        }

        _isStalled = false;
        switch (_http.Phase)
        {
            case Phase.Idle:
                Arm(Waiting.Request, _worker.IdleTimeout);
                break;
            case Phase.Head when _waiting != Waiting.Head || _waitingSince != _http.Requests:
                Arm(Waiting.Head, _worker.Options.HeaderTimeout);
                break;
            case Phase.Body when _waiting != Waiting.Body || _waitingSince != _http.Requests:
                ArmBody();
                break;
        }
    }

    private protected bool TrySetInterest(Interest interest)
    {
        _trace?.Wait(interest);
        if (_interest == interest)
            return true;
        var error = IsRegistered
            ? _worker.Loop.TryModify(this, interest, Mode)
            : _worker.Loop.TryRegister(this, _socket.Source, interest, Mode);
        if (error == PollerError.None)
        {
            _interest = interest;
            return true;
        }

        _worker.OnCannotWait(error);
        Abort();
        return false;
    }

    private void Arm(Waiting waiting, TimeSpan timeout)
    {
        _waiting = waiting;
        _waitingSince = _http.Requests;
        _timer.Arm(timeout);
    }

    private void ArmBody()
    {
        _bodySoFar = _http.BodyReceived;
        Arm(Waiting.Body, _worker.Options.BodyTimeout);
    }

    private void OnTimeout()
    {
        switch (_waiting)
        {
            case Waiting.Head:
                Refuse(Refusal.Timeout);
                break;
            case Waiting.Body when HasBodyRate():
                ArmBody();
                break;
            case Waiting.Body:
                Refuse(Refusal.Timeout);
                break;
            case Waiting.Writable:
                CutOff();
                break;
            default:
                Close();
                break;
        }
    }

    private bool HasBodyRate()
    {
        var asked = _worker.Options.MinBodyRate * _worker.Options.BodyTimeout.TotalSeconds;
        return _http.BodyReceived - _bodySoFar >= asked;
    }

    /// <summary>Whether the peer, while it takes less than it is owed, takes enough over each stretch of the write timeout.</summary>
    private bool HasWriteRate()
    {
        var clock = _worker.Loop.Clock;
        var stretch = _isStalled ? clock.Since(_stalledSince) : TimeSpan.Zero;
        if (_isStalled && stretch < _worker.Options.WriteTimeout)
            return true;
        var isEnough = !_isStalled || _taken >= _worker.Options.MinWriteRate * stretch.TotalSeconds;
        _isStalled = true;
        _stalledSince = clock.Timestamp;
        _taken = 0;
        return isEnough;
    }

    /// <summary>Ends a connection whose peer does not take its answer.</summary>
    private void CutOff()
    {
        // Closing would leave the kernel with what the peer does not take.
        _worker.Counters.TimedOut++;
        Abort();
    }

    /// <summary>Ends a request for a reason of the server's, with the answer that the protocol has for it.</summary>
    private void Refuse(Refusal refusal)
    {
        if (refusal == Refusal.Timeout)
            _worker.Counters.TimedOut++;
        else
            _worker.Counters.Overloaded++;
        _waiting = Waiting.Nothing;
        _unread.Release();
        Span<byte> output = _worker.Output;
        var exchange = new Exchange([], output);
        var answered = _http.Requests;
        _http.Refuse(ref exchange, _worker.Date, refusal);
        _worker.Counters.Requests += _http.Requests - answered;
        _trace?.Refuse(refusal, output.Length - exchange.Output.Length);
        _unsent.Park(output[..^exchange.Output.Length]);
        Conclude();
    }

    /// <summary>The last answer, if there is one, is parked and the protocol has ended: send it and end.</summary>
    private protected abstract void Conclude();
}
