using System.Net;
using System.Net.Sockets;

namespace HelloHttp.Hosting;

/// <summary>Turns what <c>--host</c> says into addresses to bind.</summary>
/// <param name="EndPoints">At least one.</param>
/// <param name="Optional">
/// Whether an address that this machine lacks is passed over as long as one is left: so for <c>localhost</c> and <c>*</c>,
/// which mean whatever there is.
/// </param>
internal sealed record ListenAddresses(IReadOnlyList<EndPoint> EndPoints, bool Optional)
{
    private const string UnixPrefix = "unix:";

    /// <summary>Finds the addresses.</summary>
    /// <param name="host">An IP address, a name, <c>localhost</c>, <c>*</c> or <c>unix:/path</c>.</param>
    /// <param name="port">The port for IP addresses.</param>
    /// <exception cref="StartupException">It is none of them, or the name is not known.</exception>
    internal static ListenAddresses Find(string host, int port)
    {
        if (host.StartsWith(UnixPrefix, StringComparison.OrdinalIgnoreCase))
            return new([UnixEndPoint(host[UnixPrefix.Length..])], Optional: false);

        // RFC 6761 section 6.3: localhost is the loopback addresses, whatever a resolver says.
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return new([new IPEndPoint(IPAddress.Loopback, port), new IPEndPoint(IPAddress.IPv6Loopback, port)], Optional: true);
        if (host == "*")
            return new([new IPEndPoint(IPAddress.Any, port), new IPEndPoint(IPAddress.IPv6Any, port)], Optional: true);

        var literal = host is ['[', .. var inner, ']'] ? inner : host;
        if (IPAddress.TryParse(literal, out var address))
            return new([new IPEndPoint(address, port)], Optional: false);

        // "1.2.3.4.5" or "300.1.1.1" is a mistyped address; asking a resolver for it could take seconds.
        if (Uri.CheckHostName(host) != UriHostNameType.Dns || host.All(c => char.IsAsciiDigit(c) || c == '.'))
            throw new StartupException($"'{host}' is neither an address nor a name of this machine (--host).");
        return new(Resolve(host, port), Optional: false);
    }

    private static UnixDomainSocketEndPoint UnixEndPoint(string path)
    {
        if (path.Length == 0)
            throw new StartupException("unix: needs a path behind it (--host).");
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (Exception e) when (e is ArgumentException or PlatformNotSupportedException)
        {
            throw new StartupException($"'{path}' cannot be a Unix domain socket: {e.Message}", e);
        }
    }

    private static List<EndPoint> Resolve(string host, int port)
    {
        try
        {
            var addresses = Dns.GetHostAddresses(host).Distinct();
            return [.. addresses.Select(a => new IPEndPoint(a, port))];
        }
        catch (SocketException e)
        {
            throw new StartupException($"The name '{host}' is not known: {e.Message}. (--host)", e);
        }
    }
}
