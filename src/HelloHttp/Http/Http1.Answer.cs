namespace HelloHttp.Http;

// From the end of a request to the end of its response.
internal sealed partial class Http1
{
    /// <summary>Content of the current response written so far.</summary>
    private long ContentSent
    {
        get
        {
            if (_line.Method == Method.Head)
                return 0;
            if (_answer is { } answer)
                return answer.Body.Length - (_state == State.Content ? _remaining : 0);
            return _line.Route == Route.Bytes ? _line.Length - _remaining : _received;
        }
    }

    /// <summary>The request has been read to its end, and nothing was wrong with it.</summary>
    private Progress EndBody(ref Exchange exchange, HttpDate date)
    {
        if (_answer is not null)
        {
            _state = State.Answer;
            return Progress.Made;
        }

        if (_line.Route == Route.Bytes)
        {
            if (!TryBegin(ref exchange, date, _line.Length))
                return Progress.NeedsOutput;
            _remaining = _line.Method == Method.Head ? 0 : _line.Length;
            _state = State.Content;
            return Progress.Made;
        }

        if (!_begun && !TryBegin(ref exchange, date, _headers.IsChunked ? StreamedHead.Chunked : 0))
            return Progress.NeedsOutput;
        if (_headers.IsChunked)
        {
            var lastChunk = "0\r\n\r\n"u8;
            if (!lastChunk.TryCopyTo(exchange.Output))
                return Progress.NeedsOutput;
            exchange.Output = exchange.Output[lastChunk.Length..];
        }

        return EndResponse();
    }

    private Progress Answer(ref Exchange exchange, HttpDate date)
    {
        var answer = _answer!;
        var headOnly = _line.Method == Method.Head;
        var persistence = Settle(exchange.Input.Length);
        var complete = answer.TryWrite(exchange.Output, date, persistence, headOnly, out var written);
        if (written == 0)
            return Progress.NeedsOutput;
        exchange.Output = exchange.Output[written..];
        _last = persistence == Persistence.Close;
        if (answer.Refusal != Refusal.None)
            LastRefusal = answer.Refusal;
        if (complete)
            return EndResponse();

        _begun = true;
        _remaining = answer.Body.Length;
        _state = State.Content;
        return Progress.Made;
    }

    private Progress SendContent(ref Exchange exchange)
    {
        var n = (int)Math.Min(_remaining, exchange.Output.Length);
        if (_answer is { } answer)
            answer.Body.Slice((int)(answer.Body.Length - _remaining), n).CopyTo(exchange.Output);
        else
            Filler.Fill(exchange.Output[..n], _line.Length - _remaining);
        exchange.Output = exchange.Output[n..];
        _remaining -= n;
        return _remaining == 0 ? EndResponse() : Progress.NeedsOutput;
    }

    /// <summary>Writes the head of a streamed response if it fits.</summary>
    private bool TryBegin(ref Exchange exchange, HttpDate date, long length)
    {
        if (exchange.Output.Length < StreamedHead.MaxLength)
            return false;

        // Of what has arrived, the rest of this request's own content is not a request behind it.
        var behind = exchange.Input.Length - (_headers.IsChunked ? 0 : Math.Min(_remaining, exchange.Input.Length));
        var persistence = Settle(behind);
        exchange.Output = exchange.Output[StreamedHead.Write(exchange.Output, date, length, persistence)..];
        _last = persistence == Persistence.Close;
        _begun = true;
        return true;
    }

    /// <summary>
    /// Decides, as the head is written, whether this response is the last (RFC 9112 sections 9.3 and 9.6).
    /// </summary>
    private Persistence Settle(long bytesBehind)
    {
        if (_last || _refused || (_draining && bytesBehind == 0))
            return Persistence.Close;
        return _line.IsHttp10 ? Persistence.KeepAlive : Persistence.Default;
    }

    private Progress EndResponse()
    {
        Requests++;
        if (observer is not null)
            Report(_answer?.Status ?? 200, _answer?.Refusal ?? Refusal.None, ContentSent);
        if (!_last)
        {
            NextRequest();
            return Progress.Made;
        }

        _state = State.Closed;
        return Progress.Ended;
    }

    private void Report(int status, Refusal refusal, long sent) =>
        observer?.OnResponse(new(_line.Method, _line.Route, status, refusal, _line.IsHttp10, _received, sent));
}
