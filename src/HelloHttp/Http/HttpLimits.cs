namespace HelloHttp.Http;

/// <summary>
/// What one peer may ask for. Sizes in bytes. A request beyond a limit gets the named status and the connection closes.
/// </summary>
public sealed record HttpLimits
{
    /// <summary>
    /// The request line without its CRLF: 8 KiB. Beyond: 414 when it is the target that is too long, 400 when there is
    /// no target yet (RFC 9112 section 3).
    /// </summary>
    public int MaxRequestLine { get; init; } = 8 * 1024;

    /// <summary>
    /// All field lines with their CRLFs; trailer fields count as well: 32 KiB. Beyond: 431 (RFC 6585 section 5).
    /// </summary>
    public int MaxHeaderSection { get; init; } = 32 * 1024;

    /// <summary>Number of field lines, trailer fields included: 100. Beyond: 431 (RFC 6585 section 5).</summary>
    public int MaxFields { get; init; } = 100;

    /// <summary>
    /// Content of one request: 30 MB (30,000,000). Beyond: 413 (RFC 9110 section 15.5.14), at the end of the head where
    /// Content-Length tells, at the offending chunk otherwise. 0: no limit.
    /// </summary>
    public long MaxBody { get; init; } = 30_000_000;

    /// <summary>
    /// One line of chunk size and extensions without its CRLF: 1 KiB; all extensions of one body together may not be
    /// longer than <see cref="MaxHeaderSection"/>. Beyond: 400 (RFC 9112 section 7.1.1 asks for a limit).
    /// </summary>
    public int MaxChunkLine { get; init; } = 1024;

    /// <summary>
    /// Requests answered on one connection; the last answer says <c>Connection: close</c>. 0, the default: no limit.
    /// </summary>
    public long MaxRequests { get; init; }

    /// <summary>Checks that every limit leaves room for the smallest request.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is negative, or too small for any request.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequestLine, 16);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxHeaderSection, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFields, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxBody);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxChunkLine, 16);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRequests);
    }
}
