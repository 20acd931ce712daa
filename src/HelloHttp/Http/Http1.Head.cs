namespace HelloHttp.Http;

// From the first byte of a request to the decision how to answer it.
internal sealed partial class Http1
{
    private Progress ReadRequestLine(ref Exchange exchange)
    {
        // An empty line before it is no beginning: what comes behind it may be long in coming.
        if (observer is not null && !exchange.Input.IsEmpty && exchange.Input[0] != '\r')
            observer.OnBegin();
        switch (Line.Read(exchange.Input, ref _scanned, service.Limits.MaxRequestLine, out var line))
        {
            case LineStatus.Incomplete:
                _partial = !exchange.Input.IsEmpty;
                return Progress.NeedsInput;
            case LineStatus.TooLong:
                return Fail(_line.ParseTooLong(exchange.Input[..service.Limits.MaxRequestLine]));
            case LineStatus.Malformed:
                _line.ParseMethod(exchange.Input);
                return Fail(Refusal.BadOctet);
        }

        exchange.Input = exchange.Input[(line.Length + 2)..];
        if (line.IsEmpty)
            return ++_emptyLines <= MaxEmptyLines ? Progress.Made : Fail(Refusal.TooManyEmptyLines);

        var refusal = _line.Parse(line);
        observer?.OnRequestLine(line, _line.Method);
        if (refusal != Refusal.None)
            return Fail(refusal);
        _state = State.Fields;
        return Progress.Made;
    }

    private Progress ReadField(ref Exchange exchange)
    {
        var progress = ReadFieldLine(ref exchange, Refusal.BadOctet, State.Head, out var line);
        if (line.IsEmpty)
            return progress;
        var refusal = _headers.Parse(line);
        return refusal == Refusal.None ? Progress.Made : Fail(refusal);
    }

    /// <summary>RFC 9112 section 7.1.2. Checked like the header section, within the same limits, and dropped.</summary>
    private Progress ReadTrailer(ref Exchange exchange)
    {
        var progress = ReadFieldLine(ref exchange, Refusal.BadTrailer, State.BodyEnd, out var line);
        if (line.IsEmpty)
            return progress;
        var refusal = HeaderSection.CheckTrailer(line);
        return refusal == Refusal.None ? Progress.Made : Fail(refusal);
    }

    /// <summary>Takes a field line, within the limits of the section. An empty one: there is none to look at, whether the section ended or not.</summary>
    private Progress ReadFieldLine(ref Exchange exchange, Refusal malformed, State next, out ReadOnlySpan<byte> line)
    {
        var limit = Math.Max(0, service.Limits.MaxHeaderSection - _headerBytes - 2);
        var status = Line.Read(exchange.Input, ref _scanned, limit, out line);
        if (status == LineStatus.Incomplete)
            return Progress.NeedsInput;
        if (status != LineStatus.Complete)
            return Fail(status == LineStatus.TooLong ? Refusal.HeaderSectionTooLarge : malformed);

        exchange.Input = exchange.Input[(line.Length + 2)..];
        if (line.IsEmpty)
        {
            _state = next;
            return Progress.Made;
        }

        _headerBytes += line.Length + 2;
        if (++_fields <= service.Limits.MaxFields)
            return Progress.Made;
        line = default;
        return Fail(Refusal.TooManyFields);
    }

    /// <summary>
    /// The head is complete. First what makes the length of the content doubtful, then what need not be read, then what
    /// is to be answered once the content has been.
    /// </summary>
    private Progress Decide(ref Exchange exchange)
    {
        var refusal = _headers.Check(_line.IsHttp10);
        if (refusal != Refusal.None)
            return Fail(refusal);
        if (!_headers.IsChunked && _headers.ContentLength > service.MaxBody)
            return Fail(Refusal.BodyTooLarge);

        // Behind the head of a CONNECT comes whatever the client wants tunnelled: not a request of ours (RFC 9110
        // section 9.3.6).
        if (_line.Method == Method.Connect)
            return Fail(Refusal.UnknownMethod);

        _last = _headers.Close || (_line.IsHttp10 && !_headers.KeepAlive) || Requests + 1 >= service.MaxRequests;
        var expects = !_line.IsHttp10 && _headers.ExpectsContinue;
        if (!_line.IsHttp10 && _headers.ExpectsUnknown)
            _answer = service[Refusal.UnknownExpectation];
        else
            _answer = Choose();

        if (!_headers.HasBody)
        {
            _state = State.BodyEnd;
            return Progress.Made;
        }

        // An expecting client has the choice to send its content or not after a final status, so nothing can be read
        // behind it (RFC 9110 section 10.1.1); that holds for an expectation we do not understand as well.
        if (_answer?.Refusal == Refusal.UnknownExpectation || (expects && _answer?.Refusal > Refusal.None))
            return Fail(_answer.Refusal, _answer);

        if (expects && exchange.Input.IsEmpty)
        {
            var interim = "HTTP/1.1 100 Continue\r\n\r\n"u8;
            if (!interim.TryCopyTo(exchange.Output))
                return Progress.NeedsOutput;
            exchange.Output = exchange.Output[interim.Length..];
        }

        _remaining = _headers.ContentLength;
        _state = _headers.IsChunked ? State.ChunkSize : State.Fixed;
        return Progress.Made;
    }

    /// <summary>The prepared response, or null for one that is produced as it goes.</summary>
    private PreparedResponse? Choose()
    {
        if (_line.Method == Method.Unknown)
            return service[Refusal.UnknownMethod];
        if (_line.IsMisdirected)
            return service[Refusal.Misdirected];
        if ((Routes.Allowed(_line.Route) & _line.Method) == 0)
            return service.NotAllowed(_line.Route);
        if (_line.Method == Method.Options)
            return service.Options(_line.Route);
        return _line.Route switch
        {
            Route.Echo or Route.Bytes => null,
            Route.NoSuchBytes => service[Refusal.NotFound],
            Route.Health => service.Health,
            _ => service.Hello,
        };
    }

    private Progress Fail(Refusal refusal, PreparedResponse answer)
    {
        var progress = Fail(refusal);
        _answer = answer;
        return progress;
    }
}
