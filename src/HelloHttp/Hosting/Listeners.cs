using System.Net;
using System.Net.Sockets;
using HelloHttp.Configuration;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>The listening sockets of the server, all of them shared by all loops.</summary>
internal sealed class Listeners : IDisposable
{
    // With port 0 the port that the system chose for the first address may be taken for the second.
    private const int FreePortAttempts = 32;

    private readonly List<ListenSocket> _sockets = [];

    private Listeners()
    {
    }

    internal IReadOnlyList<ListenSocket> Sockets => _sockets;

    /// <summary>Binds what the options ask for, or takes over what a parent has bound.</summary>
    /// <param name="options">Addresses, port and backlog.</param>
    /// <param name="listening">How the architecture needs them.</param>
    /// <exception cref="StartupException">It cannot be done; the message says which address and why.</exception>
    internal static Listeners Open(ServerOptions options, ListenOptions listening)
    {
        listening.Backlog = options.Backlog;
        var inherited = InheritedDescriptors.Take();
        if (inherited.Count > 0)
            return FromDescriptors(inherited, listening);

        var addresses = ListenAddresses.Find(options.Host, options.Port);
        for (var attempt = 1; ; attempt++)
        {
            var listeners = new Listeners();
            try
            {
                listeners.Bind(addresses, listening);
                return listeners;
            }
            catch (PortTakenException e)
            {
                listeners.Dispose();
                if (options.Port != 0 || attempt == FreePortAttempts)
                    throw new StartupException(e.Message, e);
            }
            catch
            {
                listeners.Dispose();
                throw;
            }
        }
    }

    /// <summary>The addresses as URLs, for the line that says where the server is.</summary>
    internal IEnumerable<string> Urls => _sockets.Select(s => s.LocalAddress is IPEndPoint ip ? $"http://{ip}" : $"unix:{s.LocalAddress}");

    /// <summary>Stops listening; connections that nobody accepted are reset. Closing twice does nothing.</summary>
    public void Dispose()
    {
        foreach (var socket in _sockets)
        {
            socket.Dispose();
            if (socket.LocalAddress is UnixDomainSocketEndPoint unix)
                RemoveFile(unix);
        }

        _sockets.Clear();
    }

    private static Listeners FromDescriptors(IReadOnlyList<int> descriptors, ListenOptions listening)
    {
        var listeners = new Listeners();
        foreach (var descriptor in descriptors)
        {
            try
            {
                listeners._sockets.Add(ListenSocket.FromDescriptor(descriptor, listening));
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                listeners.Dispose();
                throw new StartupException($"LISTEN_FDS names descriptor {descriptor}, which is no socket that listens.", e);
            }
        }

        return listeners;
    }

    private void Bind(ListenAddresses addresses, ListenOptions listening)
    {
        StartupException? passedOver = null;
        foreach (var address in addresses.EndPoints)
        {
            var wanted = address is IPEndPoint { Port: 0 } ip && _sockets is [{ LocalAddress: IPEndPoint first }, ..]
                ? new IPEndPoint(ip.Address, first.Port)
                : address;
            try
            {
                // "::" alone is all addresses, those of IPv4 included, as other servers have it; "*" binds both apart.
                var isAll = addresses.EndPoints.Count == 1 && address is IPEndPoint { Address: var only } && only.Equals(IPAddress.IPv6Any);
                listening.DualStack = isAll;
                _sockets.Add(Listen(wanted, listening));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                throw new PortTakenException($"Cannot listen on {Name(wanted)}: it is in use. Another --port may be free; 0 finds one.", e);
            }
            catch (SocketException e)
            {
                passedOver = new StartupException($"Cannot listen on {Name(wanted)}: {Reason(e)}.", e);
                var lacking = e.SocketErrorCode is SocketError.AddressNotAvailable
                    or SocketError.AddressFamilyNotSupported or SocketError.ProtocolNotSupported;
                if (!addresses.Optional || !lacking)
                    throw passedOver;
            }
        }

        if (_sockets.Count == 0)
            throw passedOver!;
    }

    private static ListenSocket Listen(EndPoint address, ListenOptions options)
    {
        try
        {
            return ListenSocket.Listen(address, options);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse
            && address is UnixDomainSocketEndPoint unix && IsAbandoned(unix))
        {
            // The file of a server that was killed stays behind and makes bind fail; nobody answers there.
            RemoveFile(unix);
            return ListenSocket.Listen(address, options);
        }
    }

    private static bool IsAbandoned(UnixDomainSocketEndPoint address)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(address);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    private static void RemoveFile(UnixDomainSocketEndPoint address)
    {
        // An abstract name of Linux has no file; .NET prints it with an @ in front.
        if (address.ToString() is { } path && !path.StartsWith('@'))
            File.Delete(path);
    }

    private static string Name(EndPoint address) => address is IPEndPoint ? address.ToString()! : $"unix:{address}";

    private static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AccessDenied => "permission denied (ports below 1024 usually need a privilege)",
        SocketError.AddressNotAvailable => "this machine does not have the address",
        SocketError.AddressFamilyNotSupported or SocketError.ProtocolNotSupported => "this machine does not have the protocol",
        _ => e.Message,
    };

    private sealed class PortTakenException(string message, Exception cause) : Exception(message, cause);
}
