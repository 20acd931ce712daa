namespace HelloHttp.Http;

/// <summary>
/// Why a request is refused. The name serves as the reason in metrics; <see cref="Refusals"/> has status and text.
/// </summary>
internal enum Refusal : byte
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>Not method, target and version with single spaces between them (RFC 9112 section 3).</summary>
    BadRequestLine,

    /// <summary>A control character where none may be (RFC 9112 section 2.2, RFC 9110 section 5.5).</summary>
    BadOctet,

    /// <summary>
    /// A target of no form, of a form that the method does not take, or with octets no URI has (RFC 9112 section 3.2).
    /// </summary>
    BadTarget,

    /// <summary>Not <c>HTTP/</c>, digit, dot, digit (RFC 9112 section 2.3).</summary>
    BadVersion,

    /// <summary>More empty lines before a request line than tolerated (RFC 9112 section 2.2).</summary>
    TooManyEmptyLines,

    /// <summary>A request line beyond the limit that has no target yet.</summary>
    RequestLineTooLong,

    /// <summary>No token, or no colon right behind it (RFC 9112 section 5.1).</summary>
    BadField,

    /// <summary>A field line that begins with white space (RFC 9112 sections 2.2 and 5.2).</summary>
    FoldedField,

    /// <summary>HTTP/1.1 without Host (RFC 9112 section 3.2).</summary>
    MissingHost,

    /// <summary>More than one Host, or an invalid one (RFC 9112 section 3.2).</summary>
    BadHost,

    /// <summary>Not digits only, or there more than once (RFC 9110 section 8.6, RFC 9112 section 6.3).</summary>
    BadContentLength,

    /// <summary>
    /// chunked is not the last coding, or not alone, or has parameters (RFC 9112 sections 6.1, 6.3 and 7.1).
    /// </summary>
    BadTransferEncoding,

    /// <summary>Transfer-Encoding beside Content-Length, or in HTTP/1.0 (RFC 9112 section 6.1).</summary>
    AmbiguousLength,

    /// <summary>Connection is no list of tokens (RFC 9110 section 7.6.1).</summary>
    BadConnection,

    /// <summary>A chunk's size, extension or end is not as RFC 9112 section 7.1 has it.</summary>
    BadChunk,

    /// <summary>
    /// A trailer field that is malformed, or that speaks of framing or routing (RFC 9110 section 6.5.1).
    /// </summary>
    BadTrailer,

    /// <summary>No such resource.</summary>
    NotFound,

    /// <summary>The resource does not have the method (RFC 9110 section 15.5.6).</summary>
    MethodNotAllowed,

    /// <summary>The peer took too long; the driver's decision.</summary>
    Timeout,

    /// <summary>Content beyond the limit.</summary>
    BodyTooLarge,

    /// <summary>Target beyond the limit.</summary>
    TargetTooLong,

    /// <summary>An expectation other than 100-continue (RFC 9110 section 10.1.1).</summary>
    UnknownExpectation,

    /// <summary>An absolute target with a scheme that is not served here (RFC 9110 section 7.4).</summary>
    Misdirected,

    /// <summary>Header section beyond the limit.</summary>
    HeaderSectionTooLarge,

    /// <summary>More fields than the limit.</summary>
    TooManyFields,

    /// <summary>A method unknown here (RFC 9110 section 9.1).</summary>
    UnknownMethod,

    /// <summary>A transfer coding other than chunked before it (RFC 9112 section 6.1).</summary>
    UnknownCoding,

    /// <summary>The server has no room for the connection; the driver's decision.</summary>
    Overloaded,

    /// <summary>A major version other than 1 (RFC 9110 section 15.6.6).</summary>
    UnknownVersion,
}

/// <summary>Status and wording of each <see cref="Refusal"/>.</summary>
internal static class Refusals
{
    /// <summary>The status code.</summary>
    /// <param name="refusal">Any but None.</param>
    public static int Status(Refusal refusal) => refusal switch
    {
        Refusal.NotFound => 404,
        Refusal.MethodNotAllowed => 405,
        Refusal.Timeout => 408,
        Refusal.BodyTooLarge => 413,
        Refusal.TargetTooLong => 414,
        Refusal.UnknownExpectation => 417,
        Refusal.Misdirected => 421,
        Refusal.HeaderSectionTooLarge or Refusal.TooManyFields => 431,
        Refusal.UnknownMethod or Refusal.UnknownCoding => 501,
        Refusal.Overloaded => 503,
        Refusal.UnknownVersion => 505,
        _ => 400,
    };

    /// <summary>The reason phrase of a status code (RFC 9110 section 15, RFC 6585).</summary>
    /// <param name="status">A status code that this server sends.</param>
    public static string Phrase(int status) => status switch
    {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "This server sends no such status."),
    };

    /// <summary>One line for whoever reads the answer.</summary>
    /// <param name="refusal">Any but None.</param>
    public static string Text(Refusal refusal) => refusal switch
    {
        Refusal.BadRequestLine => "The request line is not a method, a target and a version with single spaces.",
        Refusal.BadOctet => "The request has a control character, a bare CR or a bare LF where none may be.",
        Refusal.BadTarget => "The request target is invalid.",
        Refusal.BadVersion => "The request line does not end in HTTP/1.1 or HTTP/1.0.",
        Refusal.TooManyEmptyLines => "Too many empty lines precede the request line.",
        Refusal.RequestLineTooLong => "The request line is too long.",
        Refusal.BadField => "A field line is not a name, a colon and a value.",
        Refusal.FoldedField => "A field line begins with white space.",
        Refusal.MissingHost => "The request has no Host field.",
        Refusal.BadHost => "The Host field is invalid, or there are several.",
        Refusal.BadContentLength => "Content-Length is not one decimal number.",
        Refusal.BadTransferEncoding => "The last transfer coding is not chunked, or chunked is there twice.",
        Refusal.AmbiguousLength => "Transfer-Encoding together with Content-Length or in HTTP/1.0 is ambiguous.",
        Refusal.BadConnection => "The Connection field is not a list of tokens.",
        Refusal.BadChunk => "A chunk of the body is malformed.",
        Refusal.BadTrailer => "A trailer field is malformed or not allowed there.",
        Refusal.NotFound => "/bytes/N takes a decimal number from 0 to 9223372036854775807.",
        Refusal.MethodNotAllowed => "This resource does not have that method; see Allow.",
        Refusal.Timeout => "The request took too long to arrive.",
        Refusal.BodyTooLarge => "The request's content is larger than this server takes.",
        Refusal.TargetTooLong => "The request target is too long.",
        Refusal.UnknownExpectation => "The only expectation that can be met is 100-continue.",
        Refusal.Misdirected => "Only http is served here.",
        Refusal.HeaderSectionTooLarge => "The header section is too large.",
        Refusal.TooManyFields => "There are too many fields.",
        Refusal.UnknownMethod => "This server does not know that method.",
        Refusal.UnknownCoding => "The only transfer coding that can be decoded is chunked.",
        Refusal.Overloaded => "The server is at its limit; try again later.",
        Refusal.UnknownVersion => "This server speaks HTTP/1.1.",
        _ => throw new ArgumentOutOfRangeException(nameof(refusal)),
    };
}
