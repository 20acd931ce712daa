using System.Text;

namespace HelloHttp.Http;

/// <summary>What a response says about the connection's future (RFC 9112 section 9.3).</summary>
internal enum Persistence
{
    /// <summary>HTTP/1.1 stays open: nothing to say.</summary>
    Default,

    /// <summary>HTTP/1.0 that asked for it stays open: <c>Connection: keep-alive</c>.</summary>
    KeepAlive,

    /// <summary>The last response: <c>Connection: close</c>.</summary>
    Close,
}

/// <summary>A response built once; only its date changes. Sending it is one copy, and one more for the date.</summary>
internal sealed class PreparedResponse
{
    private readonly byte[][] _whole = new byte[3][];
    private readonly int[] _headLength = new int[3];
    private readonly int _dateOffset;

    /// <summary>Builds the response.</summary>
    /// <param name="status">Status code.</param>
    /// <param name="body">Content.</param>
    /// <param name="allow">Methods for Allow; null without.</param>
    /// <param name="refusal">Why, if this is a refusal.</param>
    public PreparedResponse(int status, ReadOnlySpan<byte> body, Method? allow = null, Refusal refusal = Refusal.None)
    {
        Status = status;
        Refusal = refusal;
        var start = $"HTTP/1.1 {status} {Refusals.Phrase(status)}\r\nDate: ";
        _dateOffset = start.Length;
        foreach (var persistence in Enum.GetValues<Persistence>())
        {
            var head = start + new string('-', HttpDate.Length) + "\r\n"
                + (body.IsEmpty ? "" : "Content-Type: text/plain\r\n")
                + $"Content-Length: {body.Length}\r\n"
                + (allow is { } methods ? $"Allow: {Methods.Join(methods)}\r\n" : "")
                + StreamedHead.ConnectionLine(persistence) + "\r\n";
            _whole[(int)persistence] = [.. Encoding.ASCII.GetBytes(head), .. body];
            _headLength[(int)persistence] = head.Length;
        }
    }

    /// <summary>The status code.</summary>
    public int Status { get; }

    /// <summary>Why the request was refused, or None.</summary>
    public Refusal Refusal { get; }

    /// <summary>The content.</summary>
    public ReadOnlySpan<byte> Body => _whole[0].AsSpan(_headLength[0]);

    /// <summary>
    /// Writes the response, whole if there is room, else the head alone and in one piece; the caller sends the content
    /// then.
    /// </summary>
    /// <param name="output">Where to.</param>
    /// <param name="date">The date.</param>
    /// <param name="persistence">What to say about the connection.</param>
    /// <param name="headOnly">Whether the request was HEAD.</param>
    /// <param name="written">How many bytes were written; 0 when not even the head fits.</param>
    /// <returns>Whether the response is complete.</returns>
    public bool TryWrite(Span<byte> output, HttpDate date, Persistence persistence, bool headOnly, out int written)
    {
        var whole = _whole[(int)persistence];
        var head = _headLength[(int)persistence];
        var complete = headOnly || whole.Length <= output.Length;
        written = headOnly || !complete ? head : whole.Length;
        if (written > output.Length)
        {
            written = 0;
            return false;
        }

        whole.AsSpan(0, written).CopyTo(output);
        date.Text.CopyTo(output[_dateOffset..]);
        return complete;
    }
}
