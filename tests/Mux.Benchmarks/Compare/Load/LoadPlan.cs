using System.Net;
using System.Text;

namespace Mux.Benchmarks.Compare.Load;

/// <summary>What to ask, whom and how.</summary>
/// <param name="Target">The server; a loopback address.</param>
/// <param name="Authority">What the Host field says.</param>
/// <param name="Path">The path asked for.</param>
/// <param name="Pattern">How to ask.</param>
/// <param name="Connections">Connections at a time, spread over the threads.</param>
/// <param name="Depth">Requests sent at once by <see cref="LoadPattern.Pipeline"/>.</param>
internal sealed record LoadPlan(
    IPEndPoint Target, string Authority, string Path, LoadPattern Pattern, int Connections, int Depth)
{
    /// <summary>Connections a second, each for one request, in place of a closed loop; 0 for the closed loop.</summary>
    internal int Rate { get; init; }

    /// <summary>Requests to ask at most, all connections together; 0 for as many as there is time for.</summary>
    internal long Requests { get; init; }

    internal int RequestsAtOnce => Pattern == LoadPattern.Pipeline ? Depth : 1;

    /// <summary>The bytes of one request.</summary>
    internal byte[] Request => Encoding.ASCII.GetBytes(
        $"GET {Path} HTTP/1.1\r\nHost: {Authority}\r\n{(Pattern == LoadPattern.Close ? "Connection: close\r\n" : "")}\r\n");

    /// <summary>A plan for a URL.</summary>
    /// <exception cref="ArgumentException">It is not plain HTTP on a loopback address: load goes nowhere else.</exception>
    internal static LoadPlan For(Uri url, LoadPattern pattern, int connections, int depth)
    {
        if (url.Scheme != Uri.UriSchemeHttp)
            throw new ArgumentException($"{url}: only http:// can be put under load.");
        var address = url.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            ? IPAddress.Loopback
            : IPAddress.TryParse(url.Host.Trim('[', ']'), out var parsed) ? parsed : null;
        if (address is null || !IPAddress.IsLoopback(address))
            throw new ArgumentException($"{url}: load goes to this machine only, to 127.0.0.0/8, ::1 or localhost.");
        return new(new IPEndPoint(address, url.Port), url.Authority, url.PathAndQuery, pattern, connections, depth);
    }
}
