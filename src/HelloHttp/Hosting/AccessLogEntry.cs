using System.Net;
using HelloHttp.Http;

namespace HelloHttp.Hosting;

/// <summary>What the access log knows of a request.</summary>
internal readonly ref struct AccessLogEntry
{
    /// <summary>Who asked; null for a client without an address, as on a Unix domain socket.</summary>
    internal EndPoint? Peer { get; init; }

    /// <summary>When the response was written.</summary>
    internal DateTimeOffset Time { get; init; }

    /// <summary>The beginning of the request line; empty if it could not be read.</summary>
    internal ReadOnlySpan<byte> RequestLine { get; init; }

    /// <summary>The response; status 0 for none.</summary>
    internal ResponseSummary Summary { get; init; }

    /// <summary>From the request's first byte to the end of writing the response.</summary>
    internal TimeSpan Duration { get; init; }
}
