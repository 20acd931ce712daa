using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Mux.Tests.Sockets;

public class ListeningTests
{
    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void An_accept_with_nobody_there_would_block_and_gives_no_socket(Half half, Family family)
    {
        var (listener, path) = EagerPair.Listen(family);
        using var _ = listener;

        Assert.Equal(IoResult.WouldBlock, EagerPair.Wrap(listener, half).TryAccept(out var accepted));
        Assert.True(accepted.IsDefault);
        Delete(path);
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void Each_waiting_connection_is_accepted_once(Half half, Family family)
    {
        var (listener, path) = EagerPair.Listen(family);
        using var _ = listener;
        var eager = EagerPair.Wrap(listener, half);
        var clients = new List<Socket>();
        for (var i = 0; i < 5; i++)
            clients.Add(Connect(listener.LocalEndPoint!));

        var accepted = AcceptAll(eager, clients.Count);

        Assert.Equal(5, accepted.Select(static socket => socket.Descriptor).Distinct().Count());
        Assert.Equal(IoResult.WouldBlock, eager.TryAccept(out var _1));
        for (var i = 0; i < 5; i++)
            clients[i].Send([(byte)i]);
        Assert.Equal([0, 1, 2, 3, 4], accepted.Select(static socket => (int)Patience.Receive(socket, 1)[0]).Order());
        accepted.ForEach(static socket => socket.Close());
        clients.ForEach(static client => client.Dispose());
        Delete(path);
    }

    [Fact]
    public void Accepted_sockets_are_closed_when_another_program_is_started()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = Connect(listener.LocalAddress);
        Patience.UntilReadable(listener.Socket);
        Assert.True(listener.TryAccept(out var accepted).IsDone);
        Assert.NotEqual(IoStatus.Failed, EagerSocket.TryConnect(listener.LocalAddress, out var connected).Status);

        // O_CLOEXEC and O_NONBLOCK as /proc/self/fdinfo shows them, in octal.
        Assert.Equal((true, true), Flags(accepted.Descriptor));
        Assert.Equal((true, true), Flags(connected.Descriptor));
        Assert.Equal((true, true), Flags(listener.Socket.Descriptor));
        listener.SetInheritable(true);
        Assert.Equal((false, true), Flags(listener.Socket.Descriptor));
        listener.SetInheritable(false);
        Assert.Equal((true, true), Flags(listener.Socket.Descriptor));
        accepted.Close();
        connected.Close();

        static (bool CloseOnExec, bool NonBlocking) Flags(nint descriptor)
        {
            var line = File.ReadLines($"/proc/self/fdinfo/{descriptor}").First(static l => l.StartsWith("flags:", StringComparison.Ordinal));
            var flags = Convert.ToInt32(line[6..].Trim(), 8);
            return ((flags & SocketNative.SOCK_CLOEXEC) != 0, (flags & SocketNative.SOCK_NONBLOCK) != 0);
        }
    }

    [Fact]
    public void Accepted_sockets_inherit_no_delay()
    {
        foreach (var noDelay in new[] { true, false })
        {
            using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0), new() { NoDelay = noDelay });
            using var client = Connect(listener.LocalAddress);
            Patience.UntilReadable(listener.Socket);
            Assert.True(listener.TryAccept(out var accepted).IsDone);
            Assert.Equal(noDelay, Look(accepted).NoDelay);
            accepted.Close();
        }
    }

    [Fact]
    public void The_number_of_waiting_connections_is_told_where_the_system_knows_it()
    {
        using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsFreeBSD())
        {
            Assert.Equal(-1, listener.PendingConnections);
            return;
        }

        Assert.Equal(0, listener.PendingConnections);
        Assert.False(listener.HasPending);
        using var one = Connect(listener.LocalAddress);
        using var two = Connect(listener.LocalAddress);
        Patience.UntilReadable(listener.Socket);
        Assert.True(SpinWait.SpinUntil(() => listener.PendingConnections == 2, Patience.Guard));
        Assert.True(listener.HasPending);
        Assert.True(listener.TryAccept(out var accepted).IsDone);
        Assert.Equal(1, listener.PendingConnections);
        accepted.Close();
    }

    [Fact]
    public void A_unix_domain_listener_does_not_know_how_many_wait()
    {
        var (listener, path) = EagerPair.Listen(Family.Unix);
        using var _ = listener;
        Assert.Equal(-1, EagerPair.Wrap(listener, EagerPair.Halves[0]).PendingConnections);
        Delete(path);
    }

    [Fact]
    public void A_port_in_use_is_refused()
    {
        using var first = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));

        var error = Assert.Throws<SocketException>(() => ListenSocket.Listen(first.LocalAddress));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
    }

    [Fact]
    public void A_port_with_connections_of_an_earlier_listener_can_be_bound_again_or_not_as_asked()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var first = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = Connect(first.LocalAddress);
        Patience.UntilReadable(first.Socket);
        Assert.True(first.TryAccept(out var accepted).IsDone);
        first.Dispose();

        // The connection lives and holds the port.
        var error = Assert.Throws<SocketException>(
            () => ListenSocket.Listen(first.LocalAddress, new() { ReuseAddress = false }));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        using var again = ListenSocket.Listen(first.LocalAddress);
        Assert.Equal(first.LocalAddress, again.LocalAddress);
        accepted.Close();
    }

    [Fact]
    public void Listeners_that_ask_for_it_share_a_port()
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsFreeBSD())
        {
            Assert.Throws<PlatformNotSupportedException>(
                () => ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0), new() { ReusePort = true }));
            return;
        }

        using var first = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0), new() { ReusePort = true });
        using var second = ListenSocket.Listen(first.LocalAddress, new() { ReusePort = true });
        Assert.Equal(first.LocalAddress, second.LocalAddress);
        Assert.Throws<SocketException>(() => ListenSocket.Listen(first.LocalAddress));
    }

    [Fact]
    public void An_ipv6_listener_leaves_ipv4_alone_unless_dual_stack_is_asked()
    {
        if (!Socket.OSSupportsIPv6)
            return;
        using (var six = ListenSocket.Listen(new IPEndPoint(IPAddress.IPv6Any, 0)))
        {
            var port = ((IPEndPoint)six.LocalAddress).Port;
            using var four = ListenSocket.Listen(new IPEndPoint(IPAddress.Any, port));
            Assert.Equal(port, ((IPEndPoint)four.LocalAddress).Port);
        }

        using var both = ListenSocket.Listen(new IPEndPoint(IPAddress.IPv6Any, 0), new() { DualStack = true });
        using var client = Connect(new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)both.LocalAddress).Port));
        Patience.UntilReadable(both.Socket);
        Assert.True(both.TryAccept(out var accepted).IsDone);
        var peer = Assert.IsType<IPEndPoint>(accepted.GetPeerAddress());
        Assert.True(peer.Address.IsIPv4MappedToIPv6);
        Assert.Equal(IPAddress.Loopback, peer.Address.MapToIPv4());
        accepted.Close();
    }

    [Fact]
    public void A_listener_is_taken_over_by_number_with_its_queue()
    {
        if (!SocketNative.IsSupported)
            return;
        var (original, _) = EagerPair.Listen(Family.IPv4);
        using var client = Connect(original.LocalEndPoint!);
        original.Blocking = true;
        var number = (int)EagerSocket.TakeOver(original).Descriptor;

        using var listener = ListenSocket.FromDescriptor(number);

        Assert.Equal(client.RemoteEndPoint, listener.LocalAddress);
        Patience.UntilReadable(listener.Socket);
        Assert.True(listener.TryAccept(out var accepted).IsDone);
        Assert.Equal(IoResult.WouldBlock, listener.TryAccept(out var _1));
        accepted.Close();
    }

    [Fact]
    public void A_number_that_is_no_socket_is_refused_at_take_over()
    {
        if (!SocketNative.IsSupported)
            return;
        Assert.ThrowsAny<SocketException>(() => ListenSocket.FromDescriptor(int.MaxValue));
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void A_blocking_accept_and_receive_end_with_their_timeout(Half half)
    {
        var (socket, _) = EagerPair.Listen(Family.IPv4);
        using var _1 = socket;
        socket.Blocking = true;
        socket.ReceiveTimeout = 50;
        var listener = EagerPair.Wrap(socket, half);
        if (OperatingSystem.IsLinux() || half == Half.Managed)
            Assert.Equal(IoResult.WouldBlock, listener.TryAcceptBlocking(out var _2));

        using var client = Connect(socket.LocalEndPoint!);
        Assert.True(listener.TryAcceptBlocking(out var accepted).IsDone);
        Assert.Equal(IoResult.WouldBlock, accepted.TryReceive(new byte[1]));
        client.Send("x"u8);
        Assert.Equal(IoResult.Done(1), accepted.TryReceive(new byte[4]));
        accepted.Close();
    }

    [Fact]
    public void Shortages_are_told_apart_from_other_failures()
    {
        Assert.All(
            new[] { SocketErrno.EMFILE, SocketErrno.ENFILE, SocketErrno.ENOBUFS, SocketErrno.ENOMEM },
            static errno => Assert.True(IoResult.FromErrno(errno).IsOutOfResources));
        Assert.False(IoResult.FromErrno(SocketErrno.ECONNRESET).IsOutOfResources);
        Assert.False(IoResult.WouldBlock.IsOutOfResources);
        Assert.False(IoResult.Done(0).IsOutOfResources);
    }

    [Fact]
    public void A_result_fits_one_register()
    {
        Assert.True(Unsafe.SizeOf<IoResult>() <= 8);
        Assert.True(Unsafe.SizeOf<EagerSocket>() <= 16);
    }

    [Fact]
    public void Every_errno_of_the_table_has_dotnets_name()
    {
        Assert.Equal(SocketError.TimedOut, IoResult.FromErrno(SocketErrno.ETIMEDOUT).Error);
        Assert.Equal(SocketError.HostUnreachable, IoResult.FromErrno(SocketErrno.EHOSTUNREACH).Error);
        Assert.Equal(SocketError.SocketError, IoResult.FromErrno(9999).Error);
        Assert.Equal(9999, IoResult.FromErrno(9999).NativeError);
        Assert.Equal(IoStatus.Closed, IoResult.FromErrno(SocketErrno.EPIPE).Status);
        Assert.Equal(IoResult.WouldBlock, IoResult.FromErrno(SocketErrno.EAGAIN));
    }

    private static List<EagerSocket> AcceptAll(EagerSocket listener, int count)
    {
        var accepted = new List<EagerSocket>();
        while (accepted.Count < count)
        {
            Patience.UntilReadable(listener);
            while (listener.TryAccept(out var socket).IsDone)
                accepted.Add(socket);
        }

        return accepted;
    }

    private static Socket Connect(EndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(address);
        return socket;
    }

    /// <summary>A wrapper for reading options; it must not close the number.</summary>
    private static Socket Look(EagerSocket socket) => socket.Source.Handle is null
        ? new(new SafeSocketHandle(socket.Descriptor, ownsHandle: false))
        : socket.ManagedSocket;

    private static void Delete(string? path)
    {
        if (path is not null)
            File.Delete(path);
    }
}
