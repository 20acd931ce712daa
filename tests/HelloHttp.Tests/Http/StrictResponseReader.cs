using System.Globalization;
using System.Text;

namespace HelloHttp.Tests.Http;

/// <summary>
/// Reads what the server sends as a client that forgives nothing: every octet must be where RFC 9110 and RFC 9112 put it, in
/// the one spelling that this server uses. Works over any fragmentation. Any deviation is a <see cref="ResponseFormatException"/>.
/// </summary>
public sealed class StrictResponseReader
{
    private const int MaxLine = 1024;

    private static readonly string[] KnownFields =
        ["Date", "Content-Type", "Content-Length", "Transfer-Encoding", "Allow", "Connection"];

    private readonly Queue<bool> _heads = new();
    private readonly List<byte> _line = [];
    private readonly List<StrictResponse> _responses = [];
    private readonly List<KeyValuePair<string, string>> _fields = [];
    private readonly List<byte> _body = [];
    private Part _part = Part.StatusLine;
    private int _status;
    private bool _closes;
    private bool _chunked;
    private long _length;
    private long _received;
    private long _remaining;

    private enum Part
    {
        StatusLine,
        Field,
        Fixed,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        LastLine,
        Over,
    }

    /// <summary>Whether content is kept, or only counted.</summary>
    public bool KeepBodies { get; init; } = true;

    /// <summary>Gets content as it comes, in pieces.</summary>
    public Action<ReadOnlyMemory<byte>>? BodySink { get; init; }

    /// <summary>The complete responses so far, interim ones included.</summary>
    public IReadOnlyList<StrictResponse> Responses => _responses;

    /// <summary>The complete final responses so far.</summary>
    public IEnumerable<StrictResponse> Final => _responses.Where(response => response.Status >= 200);

    /// <summary>Whether a response has begun and is not complete.</summary>
    public bool IsInResponse => _part is not (Part.StatusLine or Part.Over) || _line.Count > 0;

    /// <summary>Whether a response that closes is complete: nothing may follow.</summary>
    public bool IsOver => _part == Part.Over;

    /// <summary>Content received of the response in progress.</summary>
    public long BodyReceived => _received;

    /// <summary>Tells that a request was sent. Responses beyond the requests told are read as answers to GET.</summary>
    /// <param name="isHead">Whether the method was HEAD.</param>
    public void Sent(bool isHead = false) => _heads.Enqueue(isHead);

    /// <summary>Reads more bytes.</summary>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Require(_part != Part.Over, $"{bytes.Length} bytes follow a response that says close");
            if (_part is Part.Fixed or Part.ChunkData)
            {
                var n = (int)Math.Min(bytes.Length, _remaining);
                Content(bytes[..n]);
                bytes = bytes[n..];
                _remaining -= n;
                if (_remaining == 0)
                    AfterData();
                continue;
            }

            var end = bytes.IndexOf((byte)'\n');
            var piece = end < 0 ? bytes : bytes[..(end + 1)];
            _line.AddRange(piece);
            bytes = bytes[piece.Length..];
            Require(_line.Count <= MaxLine, "a line is longer than any this server has to send");
            if (end < 0)
                return;

            Require(_line.Count >= 2 && _line[^2] == '\r', "a line ends in a bare LF");
            var line = Encoding.Latin1.GetString([.. _line[..^2]]);
            _line.Clear();
            Require(line.All(c => c is >= ' ' and <= '~'), $"a line has octets that none should have: {line}");
            Take(line);
        }
    }

    /// <summary>Tells that the connection was closed.</summary>
    /// <exception cref="ResponseFormatException">In the middle of a response.</exception>
    public void End() => Require(!IsInResponse, "the connection was closed in the middle of a response");

    private void Take(string line)
    {
        switch (_part)
        {
            case Part.StatusLine:
                TakeStatusLine(line);
                break;
            case Part.Field when line.Length > 0:
                TakeField(line);
                break;
            case Part.Field:
                TakeHead();
                break;
            case Part.ChunkSize:
                Require(long.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _remaining)
                    && _remaining >= 0 && line == _remaining.ToString("x", CultureInfo.InvariantCulture), $"chunk size {line}");
                _part = _remaining == 0 ? Part.LastLine : Part.ChunkData;
                break;
            case Part.ChunkEnd:
                Require(line.Length == 0, "chunk data is longer than its size");
                _part = Part.ChunkSize;
                break;
            case Part.LastLine:
                Require(line.Length == 0, $"trailer field {line}");
                Complete();
                break;
        }
    }

    private void TakeStatusLine(string line)
    {
        var parts = line.Split(' ', 3);
        Require(parts is ["HTTP/1.1", _, _] && parts[1].Length == 3 && parts[1].All(char.IsAsciiDigit) && parts[2].Length > 0,
            $"status line {line}");
        _status = int.Parse(parts[1], CultureInfo.InvariantCulture);
        Require(_status is 100 or (>= 200 and <= 599), $"status {_status}");
        _part = Part.Field;
    }

    private void TakeField(string line)
    {
        var colon = line.IndexOf(": ", StringComparison.Ordinal);
        Require(colon > 0, $"field line {line}");
        var (name, value) = (line[..colon], line[(colon + 2)..]);
        Require(KnownFields.Contains(name), $"field {name}");
        Require(value.Length > 0 && value == value.Trim(), $"value of {name}: '{value}'");
        Require(_fields.All(field => field.Key != name), $"second {name}");
        _fields.Add(new(name, value));
    }

    private void TakeHead()
    {
        if (_status == 100)
        {
            Require(_fields.Count == 0, "a field in an interim response");
            Add(false, 0);
            _part = Part.StatusLine;
            return;
        }

        var isHead = _heads.Count > 0 && _heads.Dequeue();
        Require(DateTimeOffset.TryParseExact(Value("Date"), "R", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
            $"Date {Value("Date")}");
        Require(Value("Connection") is null or "close" or "keep-alive", $"Connection {Value("Connection")}");
        _closes = Value("Connection") == "close";
        _chunked = Value("Transfer-Encoding") is not null;
        Require(Value("Transfer-Encoding") is null or "chunked", $"Transfer-Encoding {Value("Transfer-Encoding")}");
        Require(_chunked != (Value("Content-Length") is not null), "neither Content-Length nor chunked, or both");
        Require(_status != 405 || Value("Allow") is not null, "405 without Allow");
        if (!_chunked)
        {
            var text = Value("Content-Length")!;
            Require(long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _length)
                && text == _length.ToString(CultureInfo.InvariantCulture), $"Content-Length {text}");
        }

        if (_chunked && !isHead)
        {
            _part = Part.ChunkSize;
            return;
        }

        _remaining = isHead ? 0 : _length;
        _part = Part.Fixed;
        if (_remaining == 0)
            Complete();
    }

    private void AfterData()
    {
        if (_part == Part.Fixed)
            Complete();
        else
            _part = Part.ChunkEnd;
    }

    private void Content(ReadOnlySpan<byte> bytes)
    {
        _received += bytes.Length;
        if (KeepBodies)
            _body.AddRange(bytes);
        BodySink?.Invoke(bytes.ToArray());
    }

    private void Complete()
    {
        Add(_closes, _received);
        _body.Clear();
        _received = 0;
        _part = _closes ? Part.Over : Part.StatusLine;
    }

    private void Add(bool closes, long received)
    {
        _responses.Add(new(_status, [.. _fields], closes, _chunked ? null : _length, received, [.. _body]));
        _fields.Clear();
        _chunked = false;
        _length = 0;
    }

    private string? Value(string name) => _fields.Find(field => field.Key == name).Value;

    private static void Require(bool condition, string violation)
    {
        if (!condition)
            throw new ResponseFormatException($"The response is not as it must be: {violation}.");
    }
}
