using System.Net;
using System.Net.Sockets;
using Mux.Contract.Kernel;
using Xunit;

namespace Mux.Contract;

/// <summary>Rules 1 and 4: what is ready, and for how long.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "1")]
    public void Level_readiness_is_reported_by_every_Wait_until_it_is_gone()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Interest.Readable);
            AssertSilent(poller);
            link.PeerSends(3);
            for (var i = 0; i < 5; i++)
                AssertReady(poller, 1, Readiness.Readable);
            link.Drain();
            AssertSilent(poller);
            link.PeerSends(1);
            AssertReady(poller, 1, Readiness.Readable);
        }
    }

    [ContractFact]
    [Trait("Rule", "1")]
    public void What_is_ready_before_Add_is_reported()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            link.PeerSends(1);
            poller.Add(link.Local, 1, Both);
            AssertReady(poller, 1, ReadyBoth);
        }
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void An_empty_send_buffer_is_writable()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Interest.Writable);
            AssertReady(poller, 1, Readiness.Writable);
        }
    }

    [ContractFact]
    [Trait("Rule", "4, 5")]
    public void A_full_send_buffer_falls_silent_and_is_writable_again_when_the_peer_has_read_all()
    {
        foreach (var kind in Link.Kinds.Where(kind => kind != LinkKind.Udp))
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Interest.Writable);
            FillUntilSilent(poller, link);
            link.PeerDrains();
            AssertReady(poller, 1, Readiness.Writable);
        }
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void The_end_of_the_stream_is_readable_and_stays_so()
    {
        foreach (var kind in Link.Kinds.Where(kind => kind != LinkKind.Udp))
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Interest.Readable);
            link.PeerSends(2);
            link.PeerHalfCloses();
            AssertReady(poller, 1, Readiness.Readable);
            Assert.Equal(2, link.Drain().Bytes);
            AssertReady(poller, 1, Readiness.Readable);
            AssertReady(poller, 1, Readiness.Readable);
        }
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void The_end_of_the_stream_leaves_the_other_direction_writable()
    {
        foreach (var kind in Link.Kinds.Where(kind => kind != LinkKind.Udp))
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Both);
            link.PeerHalfCloses();
            AssertReady(poller, 1, ReadyBoth);
        }
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void A_reset_makes_every_interest_ready()
    {
        foreach (var interest in new[] { Interest.Readable, Interest.Writable, Both })
        {
            using var poller = Backend.Create();
            using var link = Link.Open(LinkKind.Tcp);
            link.Fill();
            poller.Add(link.Local, 1, interest);
            link.PeerResets();
            AssertReady(poller, 1, (Readiness)interest);
            link.Drain(); // the error is read now; nothing blocks all the same
            AssertReady(poller, 1, (Readiness)interest);
        }
    }

    [ContractFact(ExcusedBy = KnownDeviation.StealsSocketError)]
    [Trait("Rule", "4, 6")]
    public void A_poller_leaves_the_pending_error_to_its_user()
    {
        using var poller = Backend.Create();
        using var reset = Link.Open(LinkKind.Tcp);
        using var refused = Link.Open(LinkKind.Tcp, Opening.ToDeadPort);
        using var datagram = Link.Open(LinkKind.Udp);
        poller.Add(reset.Local, 1, Both);
        poller.Add(refused.Local, 2, Both);
        poller.Add(datagram.Local, 3, Interest.Readable);
        reset.PeerResets();
        datagram.PeerCloses();
        datagram.Send(1);
        Fence.UntilPendingError(datagram.Local);
        for (var i = 0; i < 3; i++)
            Assert.Equal(3, Poll(poller).Length);
        Assert.Equal(SocketError.ConnectionRefused, datagram.Drain().Failure);
        AssertReady(poller, 3, Readiness.None);
        Assert.Equal(SocketError.ConnectionReset, reset.Drain().Failure);
        Assert.Equal(SocketError.ConnectionRefused, refused.Drain().Failure);
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void A_finished_connect_is_writable_and_not_readable()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp, Opening.ToLivePort);
        poller.Add(link.Local, 1, Both);
        AssertReady(poller, 1, Readiness.Writable);
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void A_refused_connect_makes_every_interest_ready()
    {
        foreach (var interest in new[] { Interest.Readable, Interest.Writable, Both })
        {
            using var poller = Backend.Create();
            using var link = Link.Open(LinkKind.Tcp, Opening.ToDeadPort);
            poller.Add(link.Local, 1, interest);
            AssertReady(poller, 1, (Readiness)interest);
        }
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void A_refused_datagram_makes_every_interest_ready()
    {
        foreach (var interest in new[] { Interest.Readable, Interest.Writable, Both })
        {
            using var poller = Backend.Create();
            using var link = Link.Open(LinkKind.Udp);
            poller.Add(link.Local, 1, interest);
            link.PeerCloses();
            link.Send(1);
            Fence.UntilPendingError(link.Local);
            AssertReady(poller, 1, (Readiness)interest);
            link.Drain();
            AssertReady(poller, 1, (Readiness)(interest & Interest.Writable));
        }
    }

    [ContractFact]
    [Trait("Rule", "4")]
    public void The_own_half_close_is_writable_and_not_readable()
    {
        foreach (var kind in Link.Kinds.Where(kind => kind != LinkKind.Udp))
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Both);
            link.Local.Shutdown(SocketShutdown.Send);
            var e = Assert.Single(Poll(poller));
            Assert.Equal(Readiness.Writable, e.Readiness & ReadyBoth);
            Assert.Equal(Readiness.None, e.Readiness & (Readiness.ReadClosed | Readiness.Error));
        }
    }

    [ContractFact(UnixOnly = true)]
    [Trait("Rule", "4")]
    public void The_own_shutdown_of_receiving_is_readable()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        link.Local.Shutdown(SocketShutdown.Receive);
        AssertReady(poller, 1, Readiness.Readable);
    }

    [ContractFact]
    [Trait("Rule", "1, 4")]
    public void A_listener_is_readable_while_connections_wait()
    {
        using var poller = Backend.Create();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(8);
        poller.Add(listener, 1, Interest.Readable);
        AssertSilent(poller);
        using var first = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
        using var second = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
        Fence.UntilPending(listener, 2);
        AssertReady(poller, 1, Readiness.Readable);
        listener.Accept().Dispose();
        AssertReady(poller, 1, Readiness.Readable);
        listener.Accept().Dispose();
        AssertSilent(poller);
    }

    [ContractFact]
    [Trait("Rule", "3")]
    public void Both_directions_come_as_one_event()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 7, Both);
            link.PeerSends(1);
            var e = Assert.Single(Poll(poller));
            Assert.Equal(7ul, e.Key);
            Assert.Equal(ReadyBoth, e.Readiness & ReadyBoth);
        }
    }

    [ContractFact(ExcusedBy = KnownDeviation.StarvesWithSmallRoom)]
    [Trait("Rule", "3")]
    public void Both_directions_are_told_with_room_for_one_event()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 7, Both);
        link.PeerSends(1);
        var seen = Readiness.None;
        for (var i = 0; i < 3; i++)
            seen |= Assert.Single(Poll(poller, room: 1)).Readiness;
        Assert.Equal(ReadyBoth, seen & ReadyBoth);
    }

    [ContractFact]
    [Trait("Rule", "3")]
    public void Keys_need_not_be_distinct_and_may_have_any_value()
    {
        using var poller = Backend.Create();
        using var one = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Udp);
        foreach (var key in new[] { 0ul, 5ul, ulong.MaxValue, 1ul << 63 })
        {
            poller.Add(one.Local, key, Interest.Writable);
            poller.Add(other.Local, key, Interest.Writable);
            Assert.Equal([key, key], Poll(poller).Select(e => e.Key));
            poller.Remove(one.Local);
            poller.Remove(other.Local);
        }
    }
}
