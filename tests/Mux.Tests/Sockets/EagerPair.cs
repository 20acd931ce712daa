using System.Net;
using System.Net.Sockets;

namespace Mux.Tests.Sockets;

/// <summary>Which half of EagerSocket is meant: the system calls, or System.Net.Sockets as on Windows.</summary>
public enum Half
{
    Native,
    Managed,
}

/// <summary>What the two ends talk over.</summary>
public enum Family
{
    IPv4,
    IPv6,
    Unix,
}

/// <summary>An accepted eager socket and the ordinary Socket at its other end.</summary>
internal sealed class EagerPair : IDisposable
{
    private readonly Socket _listener;
    private readonly string? _path;
    private bool _closed;

    internal EagerPair(Half half, Family family = Family.IPv4, int? bufferSize = null)
    {
        (_listener, _path) = Listen(family);
        if (bufferSize is { } size)
            _listener.SendBufferSize = _listener.ReceiveBufferSize = size;
        var listener = Wrap(_listener, half);
        Peer = new(_listener.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        if (bufferSize is { } same)
            Peer.SendBufferSize = Peer.ReceiveBufferSize = same;
        Peer.Connect(_listener.LocalEndPoint!);
        Patience.UntilReadable(listener);
        var result = listener.TryAccept(out var accepted);
        Assert.True(result.IsDone, result.ToString());
        Eager = accepted;
    }

    internal EagerSocket Eager { get; }

    internal Socket Peer { get; }

    /// <summary>Every combination that this machine can show.</summary>
    public static TheoryData<Half, Family> All()
    {
        var data = new TheoryData<Half, Family>();
        foreach (var half in Halves)
        {
            data.Add(half, Family.IPv4);
            if (Socket.OSSupportsIPv6)
                data.Add(half, Family.IPv6);
            if (Socket.OSSupportsUnixDomainSockets)
                data.Add(half, Family.Unix);
        }

        return data;
    }

    public static TheoryData<Half> BothHalves()
    {
        var data = new TheoryData<Half>();
        foreach (var half in Halves)
            data.Add(half);
        return data;
    }

    internal static Half[] Halves => SocketNative.IsSupported ? [Half.Native, Half.Managed] : [Half.Managed];

    /// <summary>A listener that blocks nowhere, and the path of its file if it has one.</summary>
    internal static (Socket Listener, string? Path) Listen(Family family)
    {
        string? path = null;
        EndPoint address = family switch
        {
            Family.IPv4 => new IPEndPoint(IPAddress.Loopback, 0),
            Family.IPv6 => new IPEndPoint(IPAddress.IPv6Loopback, 0),
            _ => new UnixDomainSocketEndPoint(path = Path.Combine(Path.GetTempPath(), $"mux-{Guid.NewGuid():N}.sock")),
        };
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        listener.Bind(address);
        listener.Listen(16);
        return (listener, path);
    }

    /// <summary>The same socket as the one or the other half sees it; it stays the Socket's.</summary>
    internal static EagerSocket Wrap(Socket socket, Half half) => half == Half.Native
        ? EagerSocket.FromDescriptor((int)socket.Handle, socket.SocketType != SocketType.Stream)
        : EagerSocket.Managed(socket);

    internal void CloseEager()
    {
        Eager.Close();
        _closed = true;
    }

    internal void AbortEager()
    {
        Eager.Abort();
        _closed = true;
    }

    public void Dispose()
    {
        if (!_closed)
            Eager.Close();
        Peer.Dispose();
        _listener.Dispose();
        if (_path is not null)
            File.Delete(_path);
    }
}
