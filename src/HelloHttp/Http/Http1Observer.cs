namespace HelloHttp.Http;

/// <summary>What is known of a request when its response has been written.</summary>
/// <param name="Method">The method; Unknown if it was none of ours, or never came.</param>
/// <param name="Route">What the target named; Hello if it never came.</param>
/// <param name="Status">The status code sent; 0 when the connection ended before one could be.</param>
/// <param name="Refusal">Why it was refused, or cut short if <paramref name="Status"/> is 200; else None.</param>
/// <param name="IsHttp10">Whether the request was HTTP/1.0.</param>
/// <param name="Received">Bytes of content that came.</param>
/// <param name="Sent">Bytes of content that were written.</param>
internal readonly record struct ResponseSummary(
    Method Method, Route Route, int Status, Refusal Refusal, bool IsHttp10, long Received, long Sent);

/// <summary>
/// Hears of every request and response, for access logs and metrics; one per connection. Called from within
/// <see cref="Http1.Advance"/>: it must be quick, and must not throw.
/// </summary>
internal abstract class Http1Observer
{
    /// <summary>Bytes of a request line are there, all or a part of them; called once or more for a request.</summary>
    public virtual void OnBegin()
    {
    }

    /// <summary>A request line has been read.</summary>
    /// <param name="line">The line without CRLF, valid during the call; it may yet be refused.</param>
    /// <param name="method">The method in it.</param>
    public virtual void OnRequestLine(ReadOnlySpan<byte> line, Method method)
    {
    }

    /// <summary>A response has been written to its end, or will not be.</summary>
    /// <param name="summary">What is known.</param>
    public abstract void OnResponse(in ResponseSummary summary);

    /// <summary>The connection has ended; a request that has begun and not been reported gets no response.</summary>
    public virtual void OnEnd()
    {
    }
}
