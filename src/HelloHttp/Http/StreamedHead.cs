using System.Buffers.Text;

namespace HelloHttp.Http;

/// <summary>The head of a 200 whose content is produced as it is sent.</summary>
internal static class StreamedHead
{
    /// <summary>No head is longer.</summary>
    public const int MaxLength = 256;

    /// <summary>For the length of a content that goes out in chunks.</summary>
    public const long Chunked = -1;

    private static ReadOnlySpan<byte> Start => "HTTP/1.1 200 OK\r\nDate: "u8;

    private static ReadOnlySpan<byte> ContentType => "\r\nContent-Type: application/octet-stream\r\n"u8;

    /// <summary>Writes the head.</summary>
    /// <param name="output">Where to, with room for <see cref="MaxLength"/> bytes.</param>
    /// <param name="date">The date.</param>
    /// <param name="length">Length of the content, or <see cref="Chunked"/>.</param>
    /// <param name="persistence">What to say about the connection.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(Span<byte> output, HttpDate date, long length, Persistence persistence)
    {
        var rest = output;
        Append(ref rest, Start);
        Append(ref rest, date.Text);
        Append(ref rest, ContentType);
        if (length == Chunked)
        {
            Append(ref rest, "Transfer-Encoding: chunked\r\n"u8);
        }
        else
        {
            Append(ref rest, "Content-Length: "u8);
            Utf8Formatter.TryFormat(length, rest, out var digits);
            rest = rest[digits..];
            Append(ref rest, "\r\n"u8);
        }

        Append(ref rest, persistence switch
        {
            Persistence.KeepAlive => "Connection: keep-alive\r\n\r\n"u8,
            Persistence.Close => "Connection: close\r\n\r\n"u8,
            _ => "\r\n"u8,
        });
        return output.Length - rest.Length;
    }

    /// <summary>The Connection field line, or nothing.</summary>
    /// <param name="persistence">What to say about the connection.</param>
    public static string ConnectionLine(Persistence persistence) => persistence switch
    {
        Persistence.KeepAlive => "Connection: keep-alive\r\n",
        Persistence.Close => "Connection: close\r\n",
        _ => "",
    };

    private static void Append(ref Span<byte> rest, ReadOnlySpan<byte> text)
    {
        text.CopyTo(rest);
        rest = rest[text.Length..];
    }
}
