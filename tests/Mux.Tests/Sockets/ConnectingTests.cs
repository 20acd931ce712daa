using System.Net;
using System.Net.Sockets;

namespace Mux.Tests.Sockets;

public class ConnectingTests
{
    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void A_connect_to_a_listener_succeeds_at_once_or_after_writability(Half half, Family family)
    {
        var (listener, path) = EagerPair.Listen(family);
        using var _ = listener;

        var result = Connect(half, listener.LocalEndPoint!, out var socket);
        if (result.IsWouldBlock)
        {
            Patience.UntilWritable(socket);
            result = socket.FinishConnect();
        }

        Assert.True(result.IsDone, result.ToString());
        Assert.Equal(IoResult.Done(0), socket.FinishConnect());
        Patience.UntilReadable(listener);
        using var accepted = listener.Accept();
        accepted.Send("hello"u8);
        Assert.Equal("hello"u8.ToArray(), Patience.Receive(socket, 5));
        socket.Close();
        if (path is not null)
            File.Delete(path);
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void A_refused_connect_fails_and_says_so(Half half)
    {
        var result = Connect(half, DeadPort(), out var socket);
        if (result.IsWouldBlock)
        {
            Patience.UntilWritable(socket);
            result = socket.FinishConnect();
            socket.Close();
        }

        Assert.Equal(IoStatus.Failed, result.Status);
        Assert.Equal(SocketError.ConnectionRefused, result.Error);
    }

    [Fact]
    public void A_connect_in_progress_is_not_mistaken_for_a_connection()
    {
        // A listener whose queue is full drops the handshake on Linux: the connect stays in progress.
        if (!OperatingSystem.IsLinux())
            return;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var sockets = new List<EagerSocket>();
        IoResult result;
        do
        {
            result = EagerSocket.TryConnect(listener.LocalEndPoint!, out var socket);
            sockets.Add(socket);
            if (result.IsWouldBlock)
                result = socket.FinishConnect();
        }
        while (result.IsDone && sockets.Count < 100);

        Assert.Equal(IoResult.WouldBlock, result);
        sockets.ForEach(static socket => socket.Close());
    }

    [Fact]
    public void A_missing_unix_domain_socket_fails_and_leaves_no_socket()
    {
        if (!SocketNative.IsSupported)
            return;
        var path = Path.Combine(Path.GetTempPath(), $"mux-{Guid.NewGuid():N}.sock");
        var result = EagerSocket.TryConnect(new UnixDomainSocketEndPoint(path), out var socket);

        Assert.Equal(IoStatus.Failed, result.Status);
        Assert.Equal(SocketErrno.ENOENT, result.NativeError);
        Assert.True(socket.IsDefault);
    }

    [Fact]
    public void An_address_can_be_serialized_once_and_connected_to_often()
    {
        var (listener, _) = EagerPair.Listen(Family.IPv4);
        using var _1 = listener;
        var address = listener.LocalEndPoint!.Serialize();
        for (var i = 0; i < 3; i++)
        {
            Assert.NotEqual(IoStatus.Failed, EagerSocket.TryConnect(address, out var socket).Status);
            Patience.UntilReadable(listener);
            using var accepted = listener.Accept();
            Assert.Equal(accepted.RemoteEndPoint, socket.GetLocalAddress());
            socket.Close();
        }
    }

    private static IoResult Connect(Half half, EndPoint address, out EagerSocket socket) => half == Half.Native
        ? EagerSocket.TryConnect(address, out socket)
        : EagerSocket.ManagedConnect(address.Serialize(), out socket);

    private static IPEndPoint DeadPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
