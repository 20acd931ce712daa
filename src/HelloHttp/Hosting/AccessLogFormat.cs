using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;

namespace HelloHttp.Hosting;

/// <summary>
/// The lines of the access log: the common log format of NCSA httpd (host, two dashes, time, request line, status, bytes of
/// content) with the duration in microseconds behind it, or one JSON object with the names of OpenTelemetry.
/// </summary>
internal static class AccessLogFormat
{
    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x7f - 0x20).Select(b => (byte)b).Where(b => b is not ((byte)'"' or (byte)'\\'))]);

    /// <summary>Writes one line.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="entry">The request.</param>
    /// <param name="json">Whether as JSON.</param>
    /// <returns>Bytes written; 0 if there is not room.</returns>
    internal static int Write(Span<byte> output, in AccessLogEntry entry, bool json)
    {
        var line = new Utf8Line(output);
        if (json)
            WriteJson(ref line, entry);
        else
            WriteCommon(ref line, entry);
        return line.Length;
    }

    private static void WriteCommon(ref Utf8Line line, in AccessLogEntry entry)
    {
        Peer(ref line, entry.Peer);
        line.Append(" - - ["u8);
        line.Append(entry.Time, "dd/MMM/yyyy:HH:mm:ss");
        line.Append(" +0000] \""u8);
        if (entry.RequestLine.IsEmpty)
            line.Append("-"u8);
        Quote(ref line, entry.RequestLine, "\\x"u8);
        line.Append("\" "u8);
        line.Append(entry.Summary.Status);
        line.Append(" "u8);
        line.Append(entry.Summary.Sent);
        line.Append(" "u8);
        line.Append((long)entry.Duration.TotalMicroseconds);
        line.Append("\n"u8);
    }

    private static void WriteJson(ref Utf8Line line, in AccessLogEntry entry)
    {
        line.Append("{\"time\":\""u8);
        line.Append(entry.Time, "yyyy-MM-ddTHH:mm:ss.fffZ");
        line.Append("\",\"client.address\":\""u8);
        Peer(ref line, entry.Peer);
        line.Append("\",\"request\":\""u8);
        Quote(ref line, entry.RequestLine, "\\u00"u8);
        line.Append("\",\"http.response.status_code\":"u8);
        line.Append(entry.Summary.Status);
        line.Append(",\"refusal\":\""u8);
        line.Append(Encoding.ASCII.GetBytes(entry.Summary.Refusal.ToString()));
        line.Append("\",\"http.request.body.size\":"u8);
        line.Append(entry.Summary.Received);
        line.Append(",\"http.response.body.size\":"u8);
        line.Append(entry.Summary.Sent);
        line.Append(",\"duration_us\":"u8);
        line.Append((long)entry.Duration.TotalMicroseconds);
        line.Append("}\n"u8);
    }

    private static void Peer(ref Utf8Line line, EndPoint? peer)
    {
        if (peer is IPEndPoint { Address: var address })
            line.Append(address);
        else
            line.Append("-"u8);
    }

    /// <summary>Whatever a client sends, the line stays one line with two quotes.</summary>
    private static void Quote(ref Utf8Line line, ReadOnlySpan<byte> text, ReadOnlySpan<byte> escape)
    {
        while (!text.IsEmpty)
        {
            var plain = text.IndexOfAnyExcept(Plain);
            line.Append(plain < 0 ? text : text[..plain]);
            if (plain < 0)
                return;
            line.Append(escape);
            line.Append(text[plain], "x2");
            text = text[(plain + 1)..];
        }
    }

    /// <summary>Appends until the room is used up; then the whole line is not there.</summary>
    private ref struct Utf8Line(Span<byte> output)
    {
        private readonly Span<byte> _output = output;
        private int _length;
        private bool _isFull;

        internal readonly int Length => _isFull ? 0 : _length;

        internal void Append(ReadOnlySpan<byte> text)
        {
            if (_isFull |= !text.TryCopyTo(_output[_length..]))
                return;
            _length += text.Length;
        }

        internal void Append<T>(T value, ReadOnlySpan<char> format = default)
            where T : IUtf8SpanFormattable
        {
            if (_isFull |= !value.TryFormat(_output[_length..], out var written, format, CultureInfo.InvariantCulture))
                return;
            _length += written;
        }
    }
}
