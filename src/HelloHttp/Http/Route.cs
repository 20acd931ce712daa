namespace HelloHttp.Http;

/// <summary>What a target names.</summary>
internal enum Route : byte
{
    /// <summary><c>/</c> and every path that is not another route: the greeting.</summary>
    Hello,

    /// <summary><c>/echo</c>: the request's content.</summary>
    Echo,

    /// <summary><c>/bytes/N</c>: N bytes.</summary>
    Bytes,

    /// <summary><c>/bytes/</c> and something that is no number.</summary>
    NoSuchBytes,

    /// <summary><c>/healthz</c>: <c>ok</c>.</summary>
    Health,

    /// <summary><c>*</c>: the server as a whole (RFC 9110 section 9.3.7).</summary>
    Server,
}

/// <summary>Paths to routes, and the methods of each.</summary>
internal static class Routes
{
    private const Method Reading = Method.Get | Method.Head | Method.Options;
    private const Method Writing = Method.Post | Method.Put | Method.Patch | Method.Options;
    private const int LongestRoute = 7 + 19;

    /// <summary>The methods that a route answers with anything but 405.</summary>
    /// <param name="route">The route.</param>
    public static Method Allowed(Route route) => route switch
    {
        Route.Echo => Writing,
        Route.Bytes or Route.NoSuchBytes or Route.Health => Reading,
        _ => Reading | Writing | Method.Delete,
    };

    /// <summary>
    /// Finds the route of a path. Unreserved characters may be percent-encoded and mean the same (RFC 3986 section
    /// 6.2.2.2).
    /// </summary>
    /// <param name="path">A valid absolute path without the query.</param>
    /// <param name="length">N for <see cref="Route.Bytes"/>.</param>
    public static Route Find(ReadOnlySpan<byte> path, out long length)
    {
        length = 0;
        if (path.Length <= 1)
            return Route.Hello;

        var percent = path.IndexOf((byte)'%');
        return percent < 0 || path.Length > 3 * LongestRoute ? Match(path, out length) : Decoded(path, out length);
    }

    private static Route Decoded(ReadOnlySpan<byte> path, out long length)
    {
        Span<byte> plain = stackalloc byte[3 * LongestRoute];
        var count = 0;
        for (var i = 0; i < path.Length; i++)
        {
            var b = path[i];
            if (b == '%')
            {
                var decoded = (byte)((Hex(path[i + 1]) << 4) | Hex(path[i + 2]));
                if (Octets.Plain.Contains(decoded))
                {
                    b = decoded;
                    i += 2;
                }
            }

            plain[count++] = b;
        }

        return Match(plain[..count], out length);
    }

    private static Route Match(ReadOnlySpan<byte> path, out long length)
    {
        length = 0;
        if (path.SequenceEqual("/echo"u8))
            return Route.Echo;
        if (path.SequenceEqual("/healthz"u8))
            return Route.Health;
        if (!path.StartsWith("/bytes/"u8))
            return Route.Hello;
        return Octets.TryParseDecimal(path[7..], out length, out var overflow) && !overflow
            ? Route.Bytes : Route.NoSuchBytes;
    }

    private static int Hex(byte digit) => char.IsAsciiDigit((char)digit) ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
