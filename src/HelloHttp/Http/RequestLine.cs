using System.Text;

namespace HelloHttp.Http;

/// <summary>The request line (RFC 9112 section 3): what of it matters after it has been read.</summary>
internal struct RequestLine
{
    /// <summary>
    /// The method; set first, so that even a refusal of the rest leaves out the content of an answer to HEAD.
    /// </summary>
    public Method Method;

    /// <summary>What the target names.</summary>
    public Route Route;

    /// <summary>Whether the version is HTTP/1.0. A later 1.x is treated as 1.1 (RFC 9110 section 2.5).</summary>
    public bool IsHttp10;

    /// <summary>Whether the target is absolute with a scheme that is not served here.</summary>
    public bool IsMisdirected;

    /// <summary>N of <c>/bytes/N</c>.</summary>
    public long Length;

    /// <summary>Reads a whole line.</summary>
    /// <param name="line">The line without CRLF; no control characters but HTAB.</param>
    public Refusal Parse(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        if (space <= 0)
            return Refusal.BadRequestLine;

        Method = Methods.Parse(line[..space]);
        if (Method == Method.Unknown && !Octets.IsToken(line[..space]))
            return Refusal.BadRequestLine;

        line = line[(space + 1)..];
        space = line.IndexOf((byte)' ');
        if (space <= 0)
            return Refusal.BadRequestLine;

        var refusal = ParseVersion(line[(space + 1)..]);
        return refusal != Refusal.None ? refusal : ParseTarget(line[..space]);
    }

    /// <summary>Says why a line that has no end within the limit is refused, and remembers its method.</summary>
    /// <param name="start">The line's beginning, as long as the limit.</param>
    public Refusal ParseTooLong(ReadOnlySpan<byte> start)
    {
        var space = start.IndexOf((byte)' ');
        if (space <= 0 || !Octets.IsToken(start[..space]))
            return Refusal.RequestLineTooLong;

        Method = Methods.Parse(start[..space]);
        return Refusal.TargetTooLong;
    }

    /// <summary>Remembers the method of a line that is refused for an octet in it.</summary>
    /// <param name="start">The input from the line's beginning on.</param>
    public void ParseMethod(ReadOnlySpan<byte> start)
    {
        var end = start.IndexOfAnyExcept(Octets.Token);
        if (end > 0 && start[end] == ' ')
            Method = Methods.Parse(start[..end]);
    }

    private Refusal ParseVersion(ReadOnlySpan<byte> version)
    {
        if (version.SequenceEqual("HTTP/1.1"u8))
            return Refusal.None;
        if (version.Length != 8 || !version.StartsWith("HTTP/"u8) || !char.IsAsciiDigit((char)version[5])
            || version[6] != '.' || !char.IsAsciiDigit((char)version[7]))
        {
            return Refusal.BadVersion;
        }

        IsHttp10 = version[7] == '0';
        return version[5] == '1' ? Refusal.None : Refusal.UnknownVersion;
    }

    /// <summary>The four forms of RFC 9112 section 3.2.</summary>
    private Refusal ParseTarget(ReadOnlySpan<byte> target)
    {
        if (Method == Method.Connect)
        {
            return target[0] != ':' && Authority.IsValid(target, out var port) && !port.IsEmpty
                ? Refusal.None : Refusal.BadTarget;
        }

        if (target[0] == '/')
            return ParsePath(target);
        if (target.SequenceEqual("*"u8))
        {
            Route = Route.Server;
            return Method == Method.Options ? Refusal.None : Refusal.BadTarget;
        }

        return ParseAbsolute(target);
    }

    private Refusal ParsePath(ReadOnlySpan<byte> target)
    {
        if (target.Length == 1)
            return Refusal.None;
        if (target.IndexOfAnyExcept(Octets.PathAndQuery) >= 0 || !Octets.PercentEncodingIsValid(target))
            return Refusal.BadTarget;

        var query = target.IndexOf((byte)'?');
        Route = Routes.Find(query < 0 ? target : target[..query], out Length);
        return Refusal.None;
    }

    /// <summary>
    /// absolute-form must be understood although only proxies are sent it (RFC 9112 section 3.2.2). Its authority
    /// replaces Host, and here neither matters.
    /// </summary>
    private Refusal ParseAbsolute(ReadOnlySpan<byte> target)
    {
        var colon = target.IndexOf((byte)':');
        if (colon <= 0 || !IsScheme(target[..colon]))
            return Refusal.BadTarget;

        var rest = target[(colon + 1)..];
        if (!Ascii.EqualsIgnoreCase(target[..colon], "http"u8))
        {
            IsMisdirected = true;
            return rest.IndexOfAnyExcept(Octets.PathAndQuery) < 0 && Octets.PercentEncodingIsValid(rest)
                ? Refusal.None : Refusal.BadTarget;
        }

        if (!rest.StartsWith("//"u8))
            return Refusal.BadTarget;
        rest = rest[2..];
        var end = rest.IndexOfAny((byte)'/', (byte)'?');
        var authority = end < 0 ? rest : rest[..end];
        if (authority.IsEmpty || !Authority.IsValid(authority, out _))
            return Refusal.BadTarget;

        if (end < 0)
        {
            // "OPTIONS http://host" is what the last proxy turns into "OPTIONS *" (RFC 9112 section 3.2.4).
            Route = Method == Method.Options ? Route.Server : Route.Hello;
            return Refusal.None;
        }

        rest = rest[end..];
        if (rest[0] == '/')
            return ParsePath(rest);
        return rest.IndexOfAnyExcept(Octets.PathAndQuery) < 0 && Octets.PercentEncodingIsValid(rest)
            ? Refusal.None : Refusal.BadTarget;
    }

    private static bool IsScheme(ReadOnlySpan<byte> scheme)
    {
        if (!char.IsAsciiLetter((char)scheme[0]))
            return false;
        foreach (var b in scheme)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b is not ((byte)'+' or (byte)'-' or (byte)'.'))
                return false;
        }

        return true;
    }
}
