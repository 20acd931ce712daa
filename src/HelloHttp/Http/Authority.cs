using System.Net;

namespace HelloHttp.Http;

/// <summary>
/// Host and port of a target or a Host field (RFC 9110 sections 4.2.1 and 7.2, RFC 3986 section 3.2).
/// </summary>
internal static class Authority
{
    /// <summary>
    /// Whether this is <c>uri-host [ ":" port ]</c>. User information is an error (RFC 9110 section 4.2.4), and so is a
    /// port beyond 65535; a port may be empty as in RFC 3986.
    /// </summary>
    /// <param name="value">The bytes.</param>
    /// <param name="port">What follows the colon; empty when there is none.</param>
    public static bool IsValid(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> port)
    {
        port = default;
        int end;
        if (!value.IsEmpty && value[0] == '[')
        {
            end = value.IndexOf((byte)']') + 1;
            if (end == 0 || !IsLiteral(value[1..(end - 1)]))
                return false;
        }
        else
        {
            end = value.IndexOfAnyExcept(Octets.RegisteredName);
            if (end < 0)
                end = value.Length;
            if (!Octets.PercentEncodingIsValid(value[..end]))
                return false;
        }

        if (end == value.Length)
            return true;
        if (value[end] != ':' || end == 0)
            return false;

        port = value[(end + 1)..];
        return port.IsEmpty || (Octets.TryParseDecimal(port, out var number, out _) && number <= 65535);
    }

    private static bool IsLiteral(ReadOnlySpan<byte> literal)
    {
        if (literal.IsEmpty)
            return false;
        if (literal[0] is not ((byte)'v' or (byte)'V'))
        {
            return literal.IndexOfAnyExcept(Octets.AddressV6) < 0 && literal.Contains((byte)':')
                && IPAddress.IsValidUtf8(literal);
        }

        var dot = literal.IndexOf((byte)'.');
        if (dot < 2 || dot + 1 == literal.Length)
            return false;
        foreach (var b in literal[1..dot])
        {
            if (!Octets.IsHexDigit(b))
                return false;
        }

        return literal[(dot + 1)..].IndexOfAnyExcept(Octets.AddressOfTheFuture) < 0;
    }
}
