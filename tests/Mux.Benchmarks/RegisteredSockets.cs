using System.Net;
using System.Net.Sockets;

namespace Mux.Benchmarks;

/// <summary>A crowd of datagram sockets, all silent but one, which has a datagram that nobody reads.</summary>
internal sealed class RegisteredSockets : IDisposable
{
    private readonly Socket[] _sockets;

    internal RegisteredSockets(int count)
    {
        _sockets = new Socket[count];
        for (var i = 0; i < count; i++)
            _sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Ready.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.SendTo("x"u8, Ready.LocalEndPoint!);
        if (!Ready.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead))
            throw new InvalidOperationException("the datagram did not arrive");
    }

    internal Socket Ready => _sockets[^1];

    internal IReadOnlyList<Socket> All => _sockets;

    public void Dispose()
    {
        foreach (var socket in _sockets)
            socket.Dispose();
    }
}
