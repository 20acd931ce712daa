namespace HelloHttp.Http;

/// <summary>
/// One connection's HTTP/1.1 (RFC 9110, RFC 9112): bytes in, bytes out, no I/O, no clock, no allocation after
/// construction. What comes out depends on the bytes that went in and not on how they were cut, with two exceptions,
/// both about what has already arrived: 100 Continue is left out when content follows the head at once, and while
/// draining the last response is the one with nothing behind it. Everything is read line by line and forgotten, so a
/// connection holds this object and, at most, the part of a line that its driver keeps. Not thread-safe.
/// </summary>
/// <param name="service">Limits and responses.</param>
/// <param name="observer">Hears of every request and response; null for nobody.</param>
internal sealed partial class Http1(HttpService service, Http1Observer? observer = null)
{
    /// <summary>An Output of this many bytes lets any call make progress.</summary>
    public const int MinOutput = 512;

    /// <summary>
    /// Empty lines before a request line that are ignored (RFC 9112 section 2.2 asks for at least one).
    /// </summary>
    private const int MaxEmptyLines = 8;

    private RequestLine _line;
    private HeaderSection _headers;
    private State _state;
    private bool _partial;     // a request line has begun to arrive
    private bool _begun;       // the head of a streamed response is out
    private bool _last;        // close after this response
    private bool _refused;     // the request is not read to its end
    private bool _lingers;
    private bool _draining;
    private byte _emptyLines;
    private int _scanned;      // bytes of the unconsumed line that need no second look
    private int _fields;
    private int _headerBytes;
    private int _extensionBytes;
    private long _remaining;   // of the content or chunk being received, or of the content being sent
    private long _received;    // content of this request so far
    private PreparedResponse? _answer;

    private enum State : byte
    {
        RequestLine,
        Fields,
        Head,
        Fixed,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Trailers,
        BodyEnd,
        Answer,
        Content,
        Closed,
    }

    /// <summary>How a state left off.</summary>
    private enum Progress
    {
        Made,
        NeedsInput,
        NeedsOutput,
        Ended,
    }

    /// <summary>What the connection is in the middle of.</summary>
    public Phase Phase => _state switch
    {
        State.RequestLine => _partial ? Phase.Head : Phase.Idle,
        State.Fields or State.Head => Phase.Head,
        State.Answer or State.Content => Phase.Response,
        State.Closed => Phase.Closed,
        _ => Phase.Body,
    };

    /// <summary>Responses completed since construction or <see cref="Reset"/>, refusals included.</summary>
    public long Requests { get; private set; }

    /// <summary>Bytes of content received for the current request; for the body rate.</summary>
    public long BodyReceived => _received;

    /// <summary>Why the last request to be refused was.</summary>
    public Refusal LastRefusal { get; private set; }

    /// <summary>
    /// After <see cref="Step.Close"/>: whether the peer may still be sending, because its request was refused before
    /// its end or more came behind it. Then close as RFC 9112 section 9.6 describes (shut down sending, read on for a
    /// while), or a reset may take the response from the peer before it is read.
    /// </summary>
    public bool LingerOnClose => _lingers;

    /// <summary>
    /// From now on the connection ends as soon as it decently can: the response with no further request bytes behind it
    /// says
    /// <c>Connection: close</c>. A connection that is <see cref="Phase.Idle"/> gets no such response: its driver closes
    /// it.
    /// </summary>
    public void CloseAfterCurrent() => _draining = true;

    /// <summary>Makes the object as new, for the next connection.</summary>
    public void Reset()
    {
        observer?.OnEnd();
        NextRequest();
        _last = _lingers = _draining = false;
        Requests = 0;
        LastRefusal = Refusal.None;
    }

    /// <summary>Does all that can be done with the input there is and the room there is.</summary>
    /// <param name="exchange">Input and output.</param>
    /// <param name="date">The loop's date.</param>
    /// <returns>What to do next; see <see cref="Step"/>.</returns>
    /// <exception cref="ArgumentException">Nothing fits into Output: it is smaller than
    /// <see cref="MinOutput"/>.</exception>
    public Step Advance(ref Exchange exchange, HttpDate date)
    {
        var room = exchange.Output.Length;
        while (true)
        {
            var progress = _state switch
            {
                State.RequestLine => ReadRequestLine(ref exchange),
                State.Fields => ReadField(ref exchange),
                State.Head => Decide(ref exchange),
                State.Fixed => ReadFixed(ref exchange, date),
                State.ChunkSize => ReadChunkSize(ref exchange, date),
                State.ChunkData => ReadChunkData(ref exchange),
                State.ChunkEnd => ReadChunkEnd(ref exchange),
                State.Trailers => ReadTrailer(ref exchange),
                State.BodyEnd => EndBody(ref exchange, date),
                State.Answer => Answer(ref exchange, date),
                State.Content => SendContent(ref exchange),
                _ => Progress.Ended,
            };
            switch (progress)
            {
                case Progress.NeedsInput:
                    return exchange.Output.Length == room ? Step.Receive : Step.Send;
                case Progress.NeedsOutput when exchange.Output.Length != room:
                    return Step.Send;
                case Progress.NeedsOutput:
                    throw new ArgumentException($"Output has fewer than {MinOutput} bytes.", nameof(exchange));
                case Progress.Ended:
                    _lingers |= !exchange.Input.IsEmpty;
                    return Step.Close;
            }
        }
    }

    /// <summary>
    /// Ends the connection for a reason that only the driver knows. The refusal is written if a request has begun and
    /// its response has not. Between requests a timeout is not announced, since a client may take an unasked 408 for
    /// the answer to the request it is just sending (RFC 9110 section 15.5.9); <see cref="Refusal.Overloaded"/> is.
    /// </summary>
    /// <param name="exchange">Input (not looked at) and output.</param>
    /// <param name="date">The loop's date.</param>
    /// <param name="refusal">Timeout or Overloaded.</param>
    /// <returns><see cref="Step.Close"/>.</returns>
    public Step Refuse(ref Exchange exchange, HttpDate date, Refusal refusal)
    {
        var phase = Phase;
        var answers = phase is Phase.Head or Phase.Body || (phase == Phase.Idle && refusal == Refusal.Overloaded);
        if (phase != Phase.Closed)
            LastRefusal = refusal;
        if (answers && !_begun)
        {
            var response = service[refusal];
            response.TryWrite(exchange.Output, date, Persistence.Close, _line.Method == Method.Head, out var written);
            exchange.Output = exchange.Output[written..];
            Requests++;
            Report(response.Status, refusal, response.Body.Length);
        }
        else if (phase is Phase.Head or Phase.Body or Phase.Response)
        {
            Report(_begun ? _answer?.Status ?? 200 : 0, refusal, ContentSent);
        }

        _lingers |= phase is not (Phase.Closed or Phase.Idle);
        _state = State.Closed;
        return Step.Close;
    }

    private void NextRequest()
    {
        _line = default;
        _headers = default;
        _state = State.RequestLine;
        _partial = _begun = _refused = false;
        _emptyLines = 0;
        _scanned = _fields = _headerBytes = _extensionBytes = 0;
        _remaining = _received = 0;
        _answer = null;
    }

    /// <summary>Refuses the request where it stands: what follows cannot be trusted or will not be read.</summary>
    private Progress Fail(Refusal refusal)
    {
        LastRefusal = refusal;
        _lingers = true;
        if (_begun)
        {
            // Too late for a status: an end before the announced length, or before the last chunk, tells the peer.
            _state = State.Closed;
            Report(200, refusal, ContentSent);
            return Progress.Ended;
        }

        _refused = true;
        _answer = service[refusal];
        _state = State.Answer;
        return Progress.Made;
    }
}
