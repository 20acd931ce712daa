namespace HelloHttp.Http;

/// <summary>The line before a chunk's data: size and extensions (RFC 9112 sections 7.1 and 7.1.1).</summary>
internal static class ChunkLine
{
    private const int MaxDigits = 16;

    /// <summary>Reads the line.</summary>
    /// <param name="line">The line without CRLF; no control characters but HTAB.</param>
    /// <param name="size">The size, from 0 to <see cref="long.MaxValue"/>.</param>
    /// <param name="extensions">How many bytes follow the size.</param>
    /// <returns>False when it is anything but hexadecimal digits (16 at most) and well-formed extensions.</returns>
    public static bool TryParse(ReadOnlySpan<byte> line, out long size, out int extensions)
    {
        size = 0;
        extensions = 0;
        var digits = 0;
        for (; digits < line.Length && Octets.IsHexDigit(line[digits]); digits++)
        {
            var digit = line[digits];
            if (digits == MaxDigits || size > long.MaxValue >> 4)
                return false;
            size = (size << 4) | (uint)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        extensions = line.Length - digits;
        return digits > 0 && (extensions == 0 || AreExtensions(line[digits..]));
    }

    // *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )
    private static bool AreExtensions(ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            rest = SkipSpace(rest);
            if (rest.IsEmpty || rest[0] != ';' || !TrySkipToken(SkipSpace(rest[1..]), out rest))
                return false;

            var value = SkipSpace(rest);
            if (value.IsEmpty || value[0] != '=')
                continue;
            value = SkipSpace(value[1..]);
            if (!(value is [(byte)'"', ..] ? TrySkipQuoted(value, out rest) : TrySkipToken(value, out rest)))
                return false;
        }

        return true;
    }

    private static ReadOnlySpan<byte> SkipSpace(ReadOnlySpan<byte> value)
    {
        while (!value.IsEmpty && value[0] is (byte)' ' or (byte)'\t')
            value = value[1..];
        return value;
    }

    private static bool TrySkipToken(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> rest)
    {
        var end = value.IndexOfAnyExcept(Octets.Token);
        rest = end < 0 ? default : value[end..];
        return end != 0 && !value.IsEmpty;
    }

    private static bool TrySkipQuoted(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> rest)
    {
        rest = default;
        for (var i = 1; i < value.Length; i++)
        {
            if (value[i] == '\\')
            {
                i++;
            }
            else if (value[i] == '"')
            {
                rest = value[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
