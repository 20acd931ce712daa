using System.Net;
using Mux.Contract.Kernel;

namespace Mux.Tests.Sockets;

public class SocketAllocationTests
{
    [Fact]
    public void Receive_send_accept_and_connect_allocate_nothing()
    {
        if (!SocketNative.IsSupported || OperatingSystem.IsMacOS())
            return; // macOS makes the connecting socket through Socket.
        using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var address = listener.LocalAddress.Serialize();
        var buffer = new byte[256];
        for (var i = 0; i < 200; i++)
            Exchange(listener, address, buffer);

        Assert.Equal(0, Allocation.Least(500, () => Exchange(listener, address, buffer)));
    }

    /// <summary>A whole connection on one thread: loopback delivers in the call that sends.</summary>
    private static void Exchange(ListenSocket listener, SocketAddress address, byte[] buffer)
    {
        var connecting = EagerSocket.TryConnect(address, out var client);
        EagerSocket server;
        while (!listener.TryAccept(out server).IsDone)
        {
            if (connecting.Status == IoStatus.Failed)
                throw new InvalidOperationException(connecting.ToString());
        }

        while (!client.FinishConnect().IsDone)
        {
        }

        _ = listener.PendingConnections;
        if (server.TryReceive(buffer) != IoResult.WouldBlock || !client.TrySend("GET /"u8).IsDone)
            throw new InvalidOperationException("The exchange did not go as written.");
        while (!server.TryReceive(buffer).IsDone)
        {
        }

        if (server.TrySend("hel"u8, "lo"u8).Count != 5 || !server.ShutdownSend().IsDone)
            throw new InvalidOperationException("The exchange did not go as written.");
        IoResult end;
        do
            end = client.TryReceive(buffer);
        while (end.Status != IoStatus.Closed);
        client.Abort();
        server.Close();
    }
}
