using System.Net;
using System.Net.Sockets;
using HelloHttp.Configuration;
using HelloHttp.Processes;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>
/// The listening sockets of the server: one for each address, shared by all workers, or one for each address and worker
/// (<see cref="AcceptMode.ReusePort"/>).
/// </summary>
internal sealed class Listeners : IDisposable
{
    // With port 0 the port that the system chose for the first address may be taken for the second.
    private const int FreePortAttempts = 32;

    private readonly ListenOptions _listening;

    // One that all workers share, or one for each.
    private readonly List<List<ListenSocket>> _groups = [[]];
    private readonly bool _areInherited;
    private List<EndPoint> _addresses = [];

    private Listeners(ListenOptions listening, int sharers, bool areInherited = false)
    {
        _listening = listening;
        _areInherited = areInherited;
        Sharers = sharers;
    }

    /// <summary>All of them.</summary>
    internal IReadOnlyList<ListenSocket> Sockets => [.. _groups.SelectMany(g => g)];

    /// <summary>How many workers accept from each.</summary>
    internal int Sharers { get; private set; }

    /// <summary>Those that a worker accepts from.</summary>
    internal IReadOnlyList<ListenSocket> Of(int worker) => _groups[worker % _groups.Count];

    /// <summary>
    /// Closes those that a worker alone accepts from, so that the kernel gives their connections to the others; does nothing where all
    /// are shared. What waits in their queues is reset.
    /// </summary>
    internal void Release(int worker)
    {
        if (_groups.Count == 1)
            return;
        var group = _groups[worker];
        group.ForEach(s => s.Dispose());
        group.Clear();
    }

    /// <summary>Those that a worker accepts from, bound anew if they were released.</summary>
    /// <exception cref="StartupException">Somebody else has taken the port.</exception>
    internal IReadOnlyList<ListenSocket> Regain(int worker)
    {
        if (Of(worker) is not { Count: 0 })
            return Of(worker);
        try
        {
            BindGroup(_groups[worker]);
        }
        catch
        {
            // Half of the addresses is none: the next try begins anew.
            Release(worker);
            throw;
        }

        return Of(worker);
    }

    /// <summary>Binds what the options ask for, or takes over what a parent has bound.</summary>
    /// <param name="options">Addresses, port and backlog.</param>
    /// <param name="listening">How the architecture needs them.</param>
    /// <exception cref="StartupException">It cannot be done; the message says which address and why.</exception>
    internal static Listeners Open(ServerOptions options, ListenOptions listening)
    {
        listening.Backlog = options.Backlog;
        var isShared = options.Accept == AcceptMode.Shared;
        if (options.Assignment is { } assignment)
        {
            var sharers = isShared ? assignment.Workers : 1;
            return FromDescriptors(assignment.Listeners, listening, sharers, WorkerAssignment.Variable);
        }

        var inherited = InheritedDescriptors.Take();
        if (inherited.Count > 0 && !isShared)
            throw new StartupException("--accept reuseport binds listeners of its own, and LISTEN_FDS hands some down that are bound already.");
        if (inherited.Count > 0)
            return FromDescriptors(inherited, listening, options.Workers, "LISTEN_FDS");

        var addresses = ListenAddresses.Find(options.Host, options.Port);
        if (!isShared && addresses.EndPoints.Any(e => e is UnixDomainSocketEndPoint))
            throw new StartupException("--accept reuseport shares a port, and a Unix domain socket has none; use --accept shared.");
        for (var attempt = 1; ; attempt++)
        {
            var listeners = new Listeners(listening, options.Workers);
            try
            {
                listeners.Bind(addresses);
                if (!isShared)
                    listeners.BindForEach(options.Workers);
                return listeners;
            }
            catch (PortTakenException)
            {
                listeners.Dispose();
                if (options.Port != 0 || attempt == FreePortAttempts)
                    throw;
            }
            catch
            {
                listeners.Dispose();
                throw;
            }
        }
    }

    /// <summary>The addresses as URLs, for the line that says where the server is.</summary>
    internal IEnumerable<string> Urls => _groups[0].Select(s => s.LocalAddress is IPEndPoint ip ? $"http://{ip}" : $"unix:{s.LocalAddress}");

    /// <summary>Stops listening; connections that nobody accepted are reset. Closing twice does nothing.</summary>
    public void Dispose()
    {
        foreach (var group in _groups)
        {
            foreach (var socket in group)
            {
                socket.Dispose();

                // What a parent has bound, others may serve still.
                if (socket.LocalAddress is UnixDomainSocketEndPoint unix && !_areInherited)
                    RemoveFile(unix);
            }

            group.Clear();
        }
    }

    private static Listeners FromDescriptors(
        IReadOnlyList<int> descriptors, ListenOptions listening, int sharers, string source)
    {
        var listeners = new Listeners(listening, sharers, areInherited: true);
        foreach (var descriptor in descriptors)
        {
            try
            {
                listeners._groups[0].Add(ListenSocket.FromDescriptor(descriptor, listening));
            }
            catch (Exception e) when (e is SocketException or ArgumentException)
            {
                listeners.Dispose();
                throw new StartupException($"{source} names descriptor {descriptor}, which is no socket that listens.", e);
            }
        }

        return listeners;
    }

    private void Bind(ListenAddresses addresses)
    {
        var sockets = _groups[0];
        StartupException? passedOver = null;
        foreach (var address in addresses.EndPoints)
        {
            var wanted = address is IPEndPoint { Port: 0 } ip && sockets is [{ LocalAddress: IPEndPoint first }, ..]
                ? new IPEndPoint(ip.Address, first.Port)
                : address;
            try
            {
                // "::" alone is all addresses, those of IPv4 included, as other servers have it; "*" binds both apart.
                var isAll = addresses.EndPoints.Count == 1 && address is IPEndPoint { Address: var only } && only.Equals(IPAddress.IPv6Any);
                _listening.DualStack = isAll;
                sockets.Add(Listen(wanted, _listening));
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                throw PortTaken(wanted, e);
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

        if (sockets.Count == 0)
            throw passedOver!;
    }

    /// <summary>
    /// Puts a group for each worker in the place of the one that all would share. That one had the port to itself: a port that
    /// another server's listeners share already would not have been refused with SO_REUSEPORT.
    /// </summary>
    private void BindForEach(int workers)
    {
        _addresses = _groups[0].ConvertAll(s => s.LocalAddress);
        Dispose();
        _groups.Clear();
        _listening.ReusePort = true;
        Sharers = 1;
        for (var i = 0; i < workers; i++)
        {
            _groups.Add([]);
            BindGroup(_groups[i]);
        }
    }

    private void BindGroup(List<ListenSocket> group)
    {
        try
        {
            foreach (var address in _addresses)
                group.Add(ListenSocket.Listen(address, _listening));
        }
        catch (PlatformNotSupportedException e)
        {
            throw new StartupException(
                "--accept reuseport needs a kernel that spreads connections over the listeners of a port (SO_REUSEPORT on Linux, SO_REUSEPORT_LB on FreeBSD), which this one does not; use --accept shared.", e);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw PortTaken(_addresses[group.Count], e);
        }
        catch (SocketException e)
        {
            throw new StartupException($"Cannot listen on {Name(_addresses[group.Count])} once for each worker: {Reason(e)}.", e);
        }
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

    private static PortTakenException PortTaken(EndPoint address, SocketException e) =>
        new($"Cannot listen on {Name(address)}: it is in use. Another --port may be free; 0 finds one.", e);

    private static string Name(EndPoint address) => address is IPEndPoint ? address.ToString()! : $"unix:{address}";

    private static string Reason(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AccessDenied => "permission denied (ports below 1024 usually need a privilege)",
        SocketError.AddressNotAvailable => "this machine does not have the address",
        SocketError.AddressFamilyNotSupported or SocketError.ProtocolNotSupported => "this machine does not have the protocol",
        _ => e.Message,
    };

    private sealed class PortTakenException(string message, Exception cause) : StartupException(message, cause);
}
