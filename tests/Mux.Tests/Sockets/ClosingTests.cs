using System.Net.Sockets;

namespace Mux.Tests.Sockets;

public class ClosingTests
{
    [Theory]
    [MemberData(nameof(EagerPair.All), MemberType = typeof(EagerPair))]
    public void Close_delivers_all_that_was_sent(Half half, Family family)
    {
        using var pair = new EagerPair(half, family);
        var bytes = new byte[50_000];
        new Random(4).NextBytes(bytes);
        var sent = pair.Eager.TrySend(bytes).Count;
        pair.CloseEager();

        Assert.Equal(bytes[..sent], Patience.ReceiveToEnd(pair.Peer));
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void Abort_resets_the_peer(Half half)
    {
        using var pair = new EagerPair(half);
        pair.Eager.TrySend("lost"u8);
        pair.AbortEager();
        Patience.UntilReadable(pair.Peer);

        // The bytes sent before may arrive or not; the reset does.
        var error = SocketError.Success;
        while (error == SocketError.Success && pair.Peer.Receive(new byte[16], SocketFlags.None, out error) > 0)
        {
        }

        Assert.Equal(SocketError.ConnectionReset, error);
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void A_lingering_close_lets_the_answer_arrive_although_input_was_left(Half half)
    {
        using var pair = new EagerPair(half);
        pair.Peer.Send(new byte[30_000]);
        Patience.Receive(pair.Eager, 10);

        pair.Eager.TrySend("413"u8);
        Assert.True(pair.Eager.ShutdownSend().IsDone);
        pair.Peer.Send(new byte[30_000]);
        pair.Peer.Shutdown(SocketShutdown.Send);
        var total = DiscardToEnd(pair.Eager, out var last);
        pair.CloseEager();

        Assert.Equal(IoStatus.Closed, last.Status);
        Assert.Equal(59_990, total);
        Assert.Equal("413"u8.ToArray(), Patience.ReceiveToEnd(pair.Peer));
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void Discarding_ends_at_its_limit(Half half)
    {
        using var pair = new EagerPair(half);
        pair.Peer.Send(new byte[1000]);
        Patience.UntilReadable(pair.Eager);

        var result = pair.Eager.TryDiscard(new byte[64], 100, out var discarded);

        Assert.Equal(IoResult.Done(0), result);
        Assert.Equal(100, discarded);
        Assert.Equal(900, Patience.Receive(pair.Eager, 900).Length);
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void Discarding_waits_for_a_peer_that_has_not_ended(Half half)
    {
        using var pair = new EagerPair(half);
        pair.Peer.Send(new byte[100]);
        Patience.UntilReadable(pair.Eager);

        Assert.Equal(IoResult.WouldBlock, pair.Eager.TryDiscard(new byte[64], 1000, out var discarded));
        Assert.Equal(100, discarded);
    }

    [Theory]
    [MemberData(nameof(EagerPair.BothHalves), MemberType = typeof(EagerPair))]
    public void No_delay_can_be_switched_on_tcp(Half half)
    {
        using var pair = new EagerPair(half);
        Assert.True(pair.Eager.SetNoDelay(true).IsDone);
        Assert.True(pair.Eager.SetNoDelay(false).IsDone);
    }

    private static long DiscardToEnd(EagerSocket socket, out IoResult last)
    {
        var total = 0L;
        var scratch = new byte[4096];
        do
        {
            Patience.UntilReadable(socket);
            last = socket.TryDiscard(scratch, 1 << 20, out var discarded);
            total += discarded;
        }
        while (last.IsWouldBlock);
        return total;
    }
}
