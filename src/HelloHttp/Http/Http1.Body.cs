using System.Buffers.Text;

namespace HelloHttp.Http;

// The content of a request: read and checked to its end, and for /echo sent back in the same step. The echo of a
// chunked request has the same chunks, so that it does not depend on how the request's bytes arrived.
internal sealed partial class Http1
{
    /// <summary>Room for a chunk size, two CRLFs included.</summary>
    private const int MaxChunkFrame = 16 + 4;

    private bool Echoes => _answer is null && _line.Route == Route.Echo;

    private Progress ReadFixed(ref Exchange exchange, HttpDate date)
    {
        if (exchange.Input.IsEmpty)
            return Progress.NeedsInput;
        if (Echoes && !_begun && !TryBegin(ref exchange, date, _headers.ContentLength))
            return Progress.NeedsOutput;
        return Pass(ref exchange, State.BodyEnd);
    }

    private Progress ReadChunkSize(ref Exchange exchange, HttpDate date)
    {
        switch (Line.Read(exchange.Input, ref _scanned, service.Limits.MaxChunkLine, out var line))
        {
            case LineStatus.Incomplete:
                return Progress.NeedsInput;
            case LineStatus.TooLong or LineStatus.Malformed:
                return Fail(Refusal.BadChunk);
        }

        if (!ChunkLine.TryParse(line, out var size, out var extensions)
            || extensions > service.Limits.MaxHeaderSection - _extensionBytes)
        {
            return Fail(Refusal.BadChunk);
        }

        if (size > service.MaxBody - _received)
            return Fail(Refusal.BodyTooLarge);
        if (size > 0 && Echoes)
        {
            if (!_begun && !TryBegin(ref exchange, date, StreamedHead.Chunked))
                return Progress.NeedsOutput;
            if (exchange.Output.Length < MaxChunkFrame)
                return Progress.NeedsOutput;
            Utf8Formatter.TryFormat(size, exchange.Output, out var digits, 'x');
            "\r\n"u8.CopyTo(exchange.Output[digits..]);
            exchange.Output = exchange.Output[(digits + 2)..];
        }

        exchange.Input = exchange.Input[(line.Length + 2)..];
        _extensionBytes += extensions;
        _remaining = size;
        _state = size > 0 ? State.ChunkData : State.Trailers;
        return Progress.Made;
    }

    private Progress ReadChunkData(ref Exchange exchange) =>
        exchange.Input.IsEmpty ? Progress.NeedsInput : Pass(ref exchange, State.ChunkEnd);

    private Progress ReadChunkEnd(ref Exchange exchange)
    {
        var input = exchange.Input;
        if (input.IsEmpty)
            return Progress.NeedsInput;
        if (input[0] != '\r')
            return Fail(Refusal.BadChunk);
        if (input.Length == 1)
            return Progress.NeedsInput;
        if (input[1] != '\n')
            return Fail(Refusal.BadChunk);
        if (Echoes)
        {
            if (!"\r\n"u8.TryCopyTo(exchange.Output))
                return Progress.NeedsOutput;
            exchange.Output = exchange.Output[2..];
        }

        exchange.Input = input[2..];
        _state = State.ChunkSize;
        return Progress.Made;
    }

    /// <summary>Takes content from Input, to Output if it is echoed, and goes on when none remains.</summary>
    private Progress Pass(ref Exchange exchange, State next)
    {
        var n = (int)Math.Min(_remaining, exchange.Input.Length);
        if (Echoes)
        {
            n = Math.Min(n, exchange.Output.Length);
            if (n == 0)
                return Progress.NeedsOutput;
            exchange.Input[..n].CopyTo(exchange.Output);
            exchange.Output = exchange.Output[n..];
        }

        exchange.Input = exchange.Input[n..];
        _received += n;
        _remaining -= n;
        if (_remaining == 0)
            _state = next;
        return Progress.Made;
    }
}
