using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Mux.Tests.Sockets;

public class EagerSocketTests
{
    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void A_receive_with_nothing_there_would_block(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);

        var result = pair.Eager.TryReceive(new byte[8]);

        Assert.Equal(IoResult.WouldBlock, result);
        Assert.Equal(SocketError.WouldBlock, result.Error);
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void What_the_peer_sent_is_received_and_what_is_sent_arrives(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);

        pair.Peer.Send("ping"u8);
        Assert.Equal("ping"u8.ToArray(), Patience.Receive(pair.Eager, 4));

        Assert.Equal(IoResult.Done(4), pair.Eager.TrySend("pong"u8));
        var answer = new byte[8];
        Assert.Equal(4, pair.Peer.Receive(answer));
        Assert.Equal("pong"u8.ToArray(), answer[..4]);
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void The_end_of_the_stream_comes_after_the_last_byte(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);
        pair.Peer.Send("x"u8);
        pair.Peer.Shutdown(SocketShutdown.Send);

        Assert.Equal("x"u8.ToArray(), Patience.Receive(pair.Eager, 1));
        Patience.UntilReadable(pair.Eager);
        var end = pair.Eager.TryReceive(new byte[8]);

        Assert.Equal(IoStatus.Closed, end.Status);
        Assert.Equal(0, end.Count);
        Assert.Equal(IoResult.EndOfStream, end);
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void An_empty_receive_is_no_end_of_stream(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);
        pair.Peer.Send("x"u8);
        Patience.UntilReadable(pair.Eager);

        Assert.Equal(IoResult.Done(0), pair.Eager.TryReceive([]));
        Assert.Equal("x"u8.ToArray(), Patience.Receive(pair.Eager, 1));
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void A_reset_fails_a_receive_and_says_so(Half half)
    {
        using var pair = new EagerPair(half);
        pair.Peer.LingerState = new(true, 0);
        pair.Peer.Dispose();
        Patience.UntilReadable(pair.Eager);

        var result = pair.Eager.TryReceive(new byte[8]);

        Assert.Equal(IoStatus.Failed, result.Status);
        Assert.Equal(SocketError.ConnectionReset, result.Error);
        Assert.NotEqual(0, result.NativeError);
        Assert.False(result.IsOutOfResources);
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void A_send_after_the_own_half_close_is_closed(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);
        Assert.True(pair.Eager.ShutdownSend().IsDone);

        var result = pair.Eager.TrySend("x"u8);

        Assert.Equal(IoStatus.Closed, result.Status);
        Assert.Equal(SocketError.Shutdown, result.Error);
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void A_half_closed_socket_goes_on_receiving(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);
        pair.Eager.TrySend("bye"u8);
        Assert.True(pair.Eager.ShutdownSend().IsDone);

        Assert.Equal("bye"u8.ToArray(), Patience.ReceiveToEnd(pair.Peer));
        pair.Peer.Send("late"u8);
        Assert.Equal("late"u8.ToArray(), Patience.Receive(pair.Eager, 4));
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public async Task A_full_send_buffer_takes_a_part_then_would_block_and_nothing_is_lost(Half half, Family family)
    {
        using var pair = new EagerPair(half, family, bufferSize: 16384);
        var bytes = new byte[4 << 20];
        new Random(1).NextBytes(bytes);
        var sent = 0;
        var blocked = 0;
        var received = Task.Run(() => Patience.ReceiveToEnd(pair.Peer));

        while (sent < bytes.Length)
        {
            var result = pair.Eager.TrySend(bytes.AsSpan(sent));
            if (result.IsWouldBlock)
            {
                blocked++;
                Patience.UntilWritable(pair.Eager);
                continue;
            }

            Assert.True(result.IsDone, result.ToString());
            sent += result.Count;
        }

        pair.Eager.ShutdownSend();
        Assert.Equal(bytes, await received.WaitAsync(Patience.Guard));
        Assert.True(blocked > 0);
    }

    [Property(MaxTest = 60)]
    public Property Gathered_pieces_arrive_in_order_as_one_stream() =>
        Prop.ForAll(Arb.From(Gen.Elements(EagerPair.Halves)), ArbMap.Default.ArbFor<byte[][]>(), (half, pieces) =>
        {
            using var pair = new EagerPair(half);
            var expected = new List<byte>();
            for (var i = 0; i + 2 < pieces.Length; i += 3)
            {
                var (a, b, c) = (pieces[i] ?? [], pieces[i + 1] ?? [], pieces[i + 2] ?? []);
                Assert.Equal(IoResult.Done(a.Length + b.Length + c.Length), pair.Eager.TrySend(a, b, c));
                Assert.Equal(IoResult.Done(b.Length + a.Length), pair.Eager.TrySend(b, a));
                expected.AddRange([.. a, .. b, .. c, .. b, .. a]);
            }

            pair.Eager.ShutdownSend();
            Assert.Equal(expected, Patience.ReceiveToEnd(pair.Peer));
        });

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public async Task A_gathered_send_that_does_not_fit_tells_how_much_went(Half half)
    {
        using var pair = new EagerPair(half, bufferSize: 16384);
        var head = new byte[100_000];
        var body = new byte[8 << 20];
        new Random(2).NextBytes(head);
        new Random(3).NextBytes(body);

        var result = pair.Eager.TrySend(head, body);
        Assert.True(result.IsDone);
        Assert.InRange(result.Count, 1, head.Length + body.Length - 1);
        var peer = Task.Run(() => Patience.ReceiveToEnd(pair.Peer));
        pair.Eager.ShutdownSend();

        Assert.Equal(head.Concat(body).Take(result.Count).ToArray(), await peer.WaitAsync(Patience.Guard));
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void An_empty_datagram_is_a_message_and_not_an_end(Half half)
    {
        using var receiver = Datagram();
        using var sender = Datagram();
        sender.Connect(receiver.LocalEndPoint!);
        receiver.Connect(sender.LocalEndPoint!);
        var eager = EagerPair.Wrap(receiver, half);

        sender.Send(ReadOnlySpan<byte>.Empty);
        Patience.UntilReadable(eager);
        Assert.Equal(IoResult.Done(0), eager.TryReceive(new byte[8]));
        Assert.Equal(IoResult.WouldBlock, eager.TryReceive(new byte[8]));
        Assert.Equal(IoResult.Done(2), eager.TrySend("hi"u8));
        Assert.Equal(2, sender.Receive(new byte[8]));
    }

    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void Both_addresses_are_told_on_demand(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);

        Assert.Equal(pair.Peer.RemoteEndPoint!.ToString(), pair.Eager.GetLocalAddress()?.ToString());
        if (family != Family.Unix)
            Assert.Equal(pair.Peer.LocalEndPoint, pair.Eager.GetPeerAddress());
        else if (half == Half.Native)
            Assert.Null(pair.Eager.GetPeerAddress());
    }

    [Fact]
    public void A_descriptor_that_is_closed_fails_with_the_systems_number()
    {
        if (!SocketNative.IsSupported)
            return;
        var result = EagerSocket.FromDescriptor(int.MaxValue).TryReceive(new byte[1]);

        Assert.Equal(IoStatus.Failed, result.Status);
        Assert.Equal(SocketErrno.EBADF, result.NativeError);
    }

    [Fact]
    public void The_default_is_no_socket_and_not_descriptor_zero()
    {
        EagerSocket none = default;

        Assert.True(none.IsDefault);
        Assert.Equal(-1, none.Descriptor);
        Assert.Equal(default, none.Source);
        Assert.NotEqual(none, EagerSocketOf(0));
        none.Close();
    }

    [Fact]
    public void A_socket_taken_over_survives_the_object_it_came_from()
    {
        var (listener, _) = EagerPair.Listen(Family.IPv4);
        using var _1 = listener;
        var eager = Connected(listener.LocalEndPoint!);
        var accepted = listener.Accept();
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.Equal(IoResult.Done(1), eager.TrySend("x"u8));
        Assert.Equal(1, accepted.Receive(new byte[4]));
        Assert.Equal(IoResult.WouldBlock, eager.TryReceive(new byte[1]));
        eager.Close();
        Assert.Equal(0, accepted.Receive(new byte[4]));

        static EagerSocket Connected(EndPoint address)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(address);
            return EagerSocket.TakeOver(socket);
        }
    }

    private static EagerSocket EagerSocketOf(int descriptor) =>
        SocketNative.IsSupported ? EagerSocket.FromDescriptor(descriptor) : EagerSocket.Managed(Datagram());

    private static Socket Datagram()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Blocking = false;
        return socket;
    }
}
