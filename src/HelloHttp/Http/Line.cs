namespace HelloHttp.Http;

/// <summary>What <see cref="Line.Read"/> found.</summary>
internal enum LineStatus
{
    /// <summary>A whole line.</summary>
    Complete,

    /// <summary>The beginning of a line, so far without fault.</summary>
    Incomplete,

    /// <summary>More bytes than allowed and no end.</summary>
    TooLong,

    /// <summary>A bare CR, a bare LF, NUL or another control character.</summary>
    Malformed,
}

/// <summary>
/// Lines as RFC 9112 section 2.2 has them. A bare LF ends no line here although a recipient may accept it: what two
/// parsers on a path may see differently is not accepted from anyone. One vectorised pass finds the end and any
/// forbidden octet.
/// </summary>
internal static class Line
{
    /// <summary>
    /// Looks for the end of the line that begins at <c>input[0]</c>. The outcome depends on the bytes only, not on how
    /// many of them have arrived at each call.
    /// </summary>
    /// <param name="input">What there is.</param>
    /// <param name="scanned">How much of it earlier calls have found harmless; no byte is looked at twice.</param>
    /// <param name="limit">Longest line allowed, without CRLF.</param>
    /// <param name="line">The line without CRLF when complete; the CRLF follows it in <paramref name="input"/>.</param>
    public static LineStatus Read(ReadOnlySpan<byte> input, ref int scanned, int limit, out ReadOnlySpan<byte> line)
    {
        line = default;
        var at = input[scanned..].IndexOfAny(Octets.Controls);
        if (at < 0)
        {
            scanned = input.Length;
            return input.Length > limit ? LineStatus.TooLong : LineStatus.Incomplete;
        }

        at += scanned;
        if (at > limit)
            return LineStatus.TooLong;
        if (input[at] != '\r')
            return LineStatus.Malformed;
        if (at + 1 == input.Length)
        {
            scanned = at;
            return LineStatus.Incomplete;
        }

        if (input[at + 1] != '\n')
            return LineStatus.Malformed;

        scanned = 0;
        line = input[..at];
        return LineStatus.Complete;
    }
}
