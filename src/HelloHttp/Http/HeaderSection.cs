using System.Text;

namespace HelloHttp.Http;

/// <summary>
/// The header section (RFC 9112 section 5): each line is checked, and what framing and connection depend on is kept.
/// Nothing else is needed later, so nothing else is stored, and a line's bytes can go as soon as it has been read.
/// </summary>
internal struct HeaderSection
{
    private bool _hasHost;
    private bool _hasLength;
    private bool _lengthOverflows;
    private bool _hasCoding;
    private bool _hasUnknownCoding;
    private bool _endsInChunked;

    /// <summary>Content-Length; meaningful when there is a body and it is not chunked.</summary>
    public long ContentLength;

    /// <summary>Whether Connection names <c>close</c>.</summary>
    public bool Close;

    /// <summary>Whether Connection names <c>keep-alive</c>.</summary>
    public bool KeepAlive;

    /// <summary>Whether Expect names <c>100-continue</c>.</summary>
    public bool ExpectsContinue;

    /// <summary>Whether Expect names anything else.</summary>
    public bool ExpectsUnknown;

    /// <summary>Whether the content is chunked; meaningful once <see cref="Check"/> has answered None.</summary>
    public readonly bool IsChunked => _endsInChunked;

    /// <summary>Whether the request has content; meaningful once <see cref="Check"/> has answered None.</summary>
    public readonly bool HasBody => _endsInChunked || ContentLength > 0;

    /// <summary>Whether the request says how long its content is.</summary>
    public readonly bool HasContentLength => _hasLength;

    /// <summary>Reads one field line.</summary>
    /// <param name="line">The line without CRLF; not empty; no control characters but HTAB.</param>
    public Refusal Parse(ReadOnlySpan<byte> line)
    {
        if (!TrySplit(line, out var name, out var value, out var refusal))
            return refusal;

        return name.Length switch
        {
            4 when Ascii.EqualsIgnoreCase(name, "Host"u8) => ParseHost(Octets.Trim(value)),
            6 when Ascii.EqualsIgnoreCase(name, "Expect"u8) => ParseExpect(value),
            10 when Ascii.EqualsIgnoreCase(name, "Connection"u8) => ParseConnection(value),
            14 when Ascii.EqualsIgnoreCase(name, "Content-Length"u8) => ParseContentLength(Octets.Trim(value)),
            17 when Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8) => ParseTransferEncoding(value),
            _ => Refusal.None,
        };
    }

    /// <summary>
    /// Checks one trailer field: well-formed, and not one that would have to be known before the content.
    /// </summary>
    /// <param name="line">The line without CRLF; not empty; no control characters but HTAB.</param>
    public static Refusal CheckTrailer(ReadOnlySpan<byte> line)
    {
        if (!TrySplit(line, out var name, out _, out _))
            return Refusal.BadTrailer;

        var forbidden = name.Length switch
        {
            4 => Ascii.EqualsIgnoreCase(name, "Host"u8),
            14 => Ascii.EqualsIgnoreCase(name, "Content-Length"u8),
            17 => Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8),
            _ => false,
        };
        return forbidden ? Refusal.BadTrailer : Refusal.None;
    }

    /// <summary>Checks the section as a whole, at its end (RFC 9112 sections 3.2, 6.1 and 6.3).</summary>
    /// <param name="isHttp10">Whether the request is HTTP/1.0: no Host needed, no transfer codings allowed.</param>
    public readonly Refusal Check(bool isHttp10)
    {
        if (!_hasHost && !isHttp10)
            return Refusal.MissingHost;
        if (!_hasCoding)
            return _lengthOverflows ? Refusal.BodyTooLarge : Refusal.None;
        if (_hasLength || isHttp10)
            return Refusal.AmbiguousLength;
        if (!_endsInChunked)
            return Refusal.BadTransferEncoding;
        return _hasUnknownCoding ? Refusal.UnknownCoding : Refusal.None;
    }

    private static bool TrySplit(
        ReadOnlySpan<byte> line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value, out Refusal refusal)
    {
        name = value = default;
        refusal = Refusal.None;
        var end = line.IndexOfAnyExcept(Octets.Token);
        if (end <= 0 || line[end] != ':')
        {
            refusal = line[0] is (byte)' ' or (byte)'\t' ? Refusal.FoldedField : Refusal.BadField;
            return false;
        }

        name = line[..end];
        value = line[(end + 1)..];
        return true;
    }

    private Refusal ParseHost(ReadOnlySpan<byte> value)
    {
        if (_hasHost || !Authority.IsValid(value, out _))
            return Refusal.BadHost;

        _hasHost = true;
        return Refusal.None;
    }

    /// <summary>A second line or a list is refused even if all values agree, as RFC 9110 section 8.6 allows.</summary>
    private Refusal ParseContentLength(ReadOnlySpan<byte> value)
    {
        if (_hasLength || !Octets.TryParseDecimal(value, out ContentLength, out _lengthOverflows))
            return Refusal.BadContentLength;

        _hasLength = true;
        return Refusal.None;
    }

    /// <summary>
    /// A list over all lines. Empty elements are refused here, though RFC 9110 section 5.6.1.2 has them ignored: where
    /// framing depends on it, parsers disagree about them.
    /// </summary>
    private Refusal ParseTransferEncoding(ReadOnlySpan<byte> value)
    {
        _hasCoding = true;
        while (true)
        {
            var comma = value.IndexOf((byte)',');
            var coding = Octets.Trim(comma < 0 ? value : value[..comma]);
            if (_endsInChunked)
                return Refusal.BadTransferEncoding;
            if (Ascii.EqualsIgnoreCase(coding, "chunked"u8))
            {
                _endsInChunked = true;
            }
            else
            {
                var name = coding.IndexOfAnyExcept(Octets.Token) is var end and >= 0 ? coding[..end] : coding;
                if (name.IsEmpty || Ascii.EqualsIgnoreCase(name, "chunked"u8)
                    || !IsParameterList(coding[name.Length..]))
                {
                    return Refusal.BadTransferEncoding;
                }

                _hasUnknownCoding = true;
            }

            if (comma < 0)
                return Refusal.None;
            value = value[(comma + 1)..];
        }
    }

    // Parameters of codings that are refused anyway: only their beginning matters.
    private static bool IsParameterList(ReadOnlySpan<byte> rest) =>
        rest.IsEmpty || Octets.Trim(rest) is [(byte)';', ..];

    private Refusal ParseConnection(ReadOnlySpan<byte> value)
    {
        while (true)
        {
            var comma = value.IndexOf((byte)',');
            var option = Octets.Trim(comma < 0 ? value : value[..comma]);
            if (Ascii.EqualsIgnoreCase(option, "close"u8))
                Close = true;
            else if (Ascii.EqualsIgnoreCase(option, "keep-alive"u8))
                KeepAlive = true;
            else if (!option.IsEmpty && !Octets.IsToken(option))
                return Refusal.BadConnection;

            if (comma < 0)
                return Refusal.None;
            value = value[(comma + 1)..];
        }
    }

    private Refusal ParseExpect(ReadOnlySpan<byte> value)
    {
        while (true)
        {
            var comma = value.IndexOf((byte)',');
            var expectation = Octets.Trim(comma < 0 ? value : value[..comma]);
            if (Ascii.EqualsIgnoreCase(expectation, "100-continue"u8))
                ExpectsContinue = true;
            else if (!expectation.IsEmpty)
                ExpectsUnknown = true;

            if (comma < 0)
                return Refusal.None;
            value = value[(comma + 1)..];
        }
    }
}
