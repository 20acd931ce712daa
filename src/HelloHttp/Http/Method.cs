namespace HelloHttp.Http;

/// <summary>Request methods (RFC 9110 section 9, RFC 5789), as a set so that a route can say which it allows.</summary>
[Flags]
internal enum Method : ushort
{
    /// <summary>A token that names no method known here: 501.</summary>
    Unknown = 0,

    /// <summary>RFC 9110 section 9.3.1.</summary>
    Get = 1,

    /// <summary>RFC 9110 section 9.3.2.</summary>
    Head = 2,

    /// <summary>RFC 9110 section 9.3.3.</summary>
    Post = 4,

    /// <summary>RFC 9110 section 9.3.4.</summary>
    Put = 8,

    /// <summary>RFC 5789.</summary>
    Patch = 16,

    /// <summary>RFC 9110 section 9.3.5.</summary>
    Delete = 32,

    /// <summary>RFC 9110 section 9.3.7.</summary>
    Options = 64,

    /// <summary>RFC 9110 section 9.3.8; refused everywhere: it would tell a script what its cookies are.</summary>
    Trace = 128,

    /// <summary>RFC 9110 section 9.3.6; not implemented: this is no proxy.</summary>
    Connect = 256,
}

/// <summary>Method names; they are case-sensitive (RFC 9110 section 9.1).</summary>
internal static class Methods
{
    private static readonly (Method Method, string Name)[] Names =
    [
        (Method.Get, "GET"), (Method.Head, "HEAD"), (Method.Post, "POST"), (Method.Put, "PUT"), (Method.Patch, "PATCH"),
        (Method.Delete, "DELETE"), (Method.Options, "OPTIONS"), (Method.Trace, "TRACE"), (Method.Connect, "CONNECT"),
    ];

    /// <summary>The method of this name, or <see cref="Method.Unknown"/>.</summary>
    /// <param name="name">The bytes before the first space of a request line.</param>
    public static Method Parse(ReadOnlySpan<byte> name) => name.Length switch
    {
        3 => name.SequenceEqual("GET"u8) ? Method.Get : name.SequenceEqual("PUT"u8) ? Method.Put : Method.Unknown,
        4 => name.SequenceEqual("POST"u8) ? Method.Post : name.SequenceEqual("HEAD"u8) ? Method.Head : Method.Unknown,
        5 => name.SequenceEqual("PATCH"u8) ? Method.Patch
            : name.SequenceEqual("TRACE"u8) ? Method.Trace : Method.Unknown,
        6 => name.SequenceEqual("DELETE"u8) ? Method.Delete : Method.Unknown,
        7 => name.SequenceEqual("OPTIONS"u8) ? Method.Options
            : name.SequenceEqual("CONNECT"u8) ? Method.Connect : Method.Unknown,
        _ => Method.Unknown,
    };

    /// <summary>The methods as the value of an Allow field (RFC 9110 section 10.2.1).</summary>
    /// <param name="methods">The set.</param>
    public static string Join(Method methods) =>
        string.Join(", ", from entry in Names where (methods & entry.Method) != 0 select entry.Name);
}
