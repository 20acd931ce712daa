using System.Buffers;

namespace HelloHttp.Http;

/// <summary>The character classes of RFC 9110, RFC 9112 and RFC 3986 as vectorised searches.</summary>
internal static class Octets
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    private const string SubDelims = "!$&'()*+,;=";

    /// <summary>Control characters, HTAB excepted: none may occur in a line but the CR LF at its end.</summary>
    public static readonly SearchValues<byte> Controls =
        SearchValues.Create(
            [.. from b in Enumerable.Range(0, 128) where (b < 0x20 && b != '\t') || b == 0x7F select (byte)b]);

    /// <summary>tchar (RFC 9110 section 5.6.2).</summary>
    public static readonly SearchValues<byte> Token =
        Of("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>
    /// Characters of path and query (RFC 3986 sections 3.3 and 3.4); what follows a '%' is checked apart.
    /// </summary>
    public static readonly SearchValues<byte> PathAndQuery = Of(Unreserved + SubDelims + ":@/?%");

    /// <summary>
    /// Characters of a registered name (RFC 3986 section 3.2.2); what follows a '%' is checked apart.
    /// </summary>
    public static readonly SearchValues<byte> RegisteredName = Of(Unreserved + SubDelims + "%");

    /// <summary>Characters of an IPvFuture's last part (RFC 3986 section 3.2.2).</summary>
    public static readonly SearchValues<byte> AddressOfTheFuture = Of(Unreserved + SubDelims + ":");

    /// <summary>Characters of an IPv6 address, dotted tail included.</summary>
    public static readonly SearchValues<byte> AddressV6 = Of("0123456789abcdefABCDEF:.");

    /// <summary>Characters that mean the same percent-encoded and plain (RFC 3986 section 2.3).</summary>
    public static readonly SearchValues<byte> Plain = Of(Unreserved);

    /// <summary>DIGIT.</summary>
    public static readonly SearchValues<byte> Digits = Of("0123456789");

    /// <summary>Whether this is a token: not empty, tchar only.</summary>
    /// <param name="value">The bytes.</param>
    public static bool IsToken(ReadOnlySpan<byte> value) => !value.IsEmpty && value.IndexOfAnyExcept(Token) < 0;

    /// <summary>Whether every '%' is followed by two hexadecimal digits (RFC 3986 section 2.1).</summary>
    /// <param name="value">The bytes.</param>
    public static bool PercentEncodingIsValid(ReadOnlySpan<byte> value)
    {
        for (int at; (at = value.IndexOf((byte)'%')) >= 0; value = value[(at + 3)..])
        {
            if (value.Length < at + 3 || !IsHexDigit(value[at + 1]) || !IsHexDigit(value[at + 2]))
                return false;
        }

        return true;
    }

    /// <summary>Without optional white space at both ends (OWS, RFC 9110 section 5.6.3).</summary>
    /// <param name="value">The bytes.</param>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> value)
    {
        while (!value.IsEmpty && value[0] is (byte)' ' or (byte)'\t')
            value = value[1..];
        while (!value.IsEmpty && value[^1] is (byte)' ' or (byte)'\t')
            value = value[..^1];
        return value;
    }

    /// <summary>A decimal number of digits only. False when there is anything else, or nothing.</summary>
    /// <param name="digits">The bytes.</param>
    /// <param name="value">The number; <see cref="long.MaxValue"/> and <paramref name="overflow"/> when it is
    /// larger.</param>
    /// <param name="overflow">Whether the number is well-formed but does not fit.</param>
    public static bool TryParseDecimal(ReadOnlySpan<byte> digits, out long value, out bool overflow)
    {
        value = 0;
        overflow = false;
        if (digits.IsEmpty || digits.IndexOfAnyExcept(Digits) >= 0)
            return false;

        foreach (var b in digits)
        {
            var digit = b - '0';
            if (value > (long.MaxValue - digit) / 10)
            {
                value = long.MaxValue;
                overflow = true;
                return true;
            }

            value = (value * 10) + digit;
        }

        return true;
    }

    /// <summary>Whether this is HEXDIG, of either case.</summary>
    /// <param name="b">The byte.</param>
    public static bool IsHexDigit(byte b) => char.IsAsciiHexDigit((char)b);

    private static SearchValues<byte> Of(string characters) =>
        SearchValues.Create([.. from c in characters select (byte)c]);
}
