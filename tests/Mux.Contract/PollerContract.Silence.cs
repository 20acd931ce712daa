using System.Net.Sockets;
using Mux.Contract.Kernel;
using Xunit;

namespace Mux.Contract;

/// <summary>Rules 2, 5 and 6: what must not be reported, and hints that are true.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "2")]
    public void A_spent_shot_is_silent_in_both_directions_until_Modify()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Both, PollMode.OneShot);
            AssertReady(poller, 1, Readiness.Writable);
            AssertSilent(poller);
            link.PeerSends(1); // the direction that has not been reported
            AssertSilent(poller);
            AssertSleeps(poller);
            poller.Modify(link.Local, 2, Both, PollMode.OneShot);
            AssertReady(poller, 2, ReadyBoth);
            AssertSilent(poller);
            AssertSleeps(poller);
        }
    }

    [ContractFact]
    [Trait("Rule", "2, 5")]
    public void A_spent_shot_is_silent_after_a_reset_and_does_not_spin()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Both, PollMode.OneShot);
        AssertReady(poller, 1, Readiness.Writable);
        link.PeerResets();
        AssertSilent(poller);
        AssertSleeps(poller);
        poller.Modify(link.Local, 1, Both, PollMode.OneShot);
        AssertReady(poller, 1, ReadyBoth);
    }

    [ContractFact]
    [Trait("Rule", "2")]
    public void Modify_changes_between_level_and_one_shot()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Writable, PollMode.OneShot);
        AssertReady(poller, 1, Readiness.Writable);
        poller.Modify(link.Local, 2, Interest.Writable);
        for (var i = 0; i < 3; i++)
            AssertReady(poller, 2, Readiness.Writable);
        poller.Modify(link.Local, 3, Both, PollMode.OneShot);
        AssertReady(poller, 3, Readiness.Writable);
        AssertSilent(poller);
        link.PeerSends(1);
        AssertSilent(poller);
    }

    [ContractFact]
    [Trait("Rule", "5")]
    public void Without_interest_there_is_silence_whatever_happens()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var added = Link.Open(kind);
            using var modified = Link.Open(kind);
            poller.Add(added.Local, 1, Interest.None);
            poller.Add(modified.Local, 2, Both);
            Assert.Single(Poll(poller));
            poller.Modify(modified.Local, 2, Interest.None);
            foreach (var link in new[] { added, modified })
            {
                link.PeerSends(1);
                AssertSleeps(poller);
                link.Send(1);
                if (kind != LinkKind.Udp)
                    link.PeerResets();
                AssertSilent(poller);
                AssertSleeps(poller);
            }

            poller.Modify(added.Local, 3, Both);
            AssertReady(poller, 3, ReadyBoth);
        }
    }

    [ContractFact(ExcusedBy = KnownDeviation.ReportsDisabledWriteOnReset)]
    [Trait("Rule", "5")]
    public void Only_the_interest_is_reported_of_a_reset()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Both);
        poller.Modify(link.Local, 1, Interest.Readable);
        link.PeerResets();
        AssertReady(poller, 1, Readiness.Readable);
        poller.Modify(link.Local, 1, Interest.Writable);
        AssertReady(poller, 1, Readiness.Writable);
    }

    [ContractFact]
    [Trait("Rule", "5")]
    public void Writable_beside_a_full_buffer_and_the_peers_end_does_not_spin()
    {
        foreach (var kind in Link.Kinds.Where(kind => kind != LinkKind.Udp))
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            link.Fill();
            poller.Add(link.Local, 1, Interest.Writable);
            link.PeerSends(1);
            link.PeerHalfCloses();
            FillUntilSilent(poller, link);
            link.PeerDrains();
            AssertReady(poller, 1, Readiness.Writable);
        }
    }

    [ContractFact]
    [Trait("Rule", "6")]
    public void A_healthy_connection_has_no_hints()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Both);
            link.PeerSends(1);
            Assert.Equal(ReadyBoth, Assert.Single(Poll(poller)).Readiness);
        }
    }

    [ContractFact]
    [Trait("Rule", "6")]
    public void Hints_are_true_after_the_peers_end()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Both);
        link.PeerSends(1);
        link.PeerHalfCloses();
        var hints = Assert.Single(Poll(poller)).Readiness & ~ReadyBoth;
        Assert.Equal(Readiness.None, hints & ~Readiness.ReadClosed);

        // ReadClosed does not mean drained.
        Assert.Equal(1, link.Drain().Bytes);
    }

    [ContractFact]
    [Trait("Rule", "6")]
    public void The_error_hint_ends_when_the_error_has_been_read()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Both);
        link.PeerResets();
        Assert.Single(Poll(poller));
        link.Drain();
        Assert.Equal(Readiness.None, Assert.Single(Poll(poller)).Readiness & Readiness.Error);
    }

    [ContractFact(UnixOnly = true)]
    [Trait("Rule", "6")]
    public void Urgent_data_alone_is_not_readable()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        link.Peer!.Send([1], SocketFlags.OutOfBand);
        Fence.Until(() => (Posix.Poll(link.Local.Handle, Posix.PollPri) & Posix.PollPri) != 0, "the urgent byte to arrive");
        AssertSleeps(poller);
        link.Peer.Send([2]);
        Fence.Until(() => (Posix.Poll(link.Local.Handle, Posix.PollIn) & Posix.PollIn) != 0, "the plain byte to arrive");
        AssertReady(poller, 1, Readiness.Readable);
    }
}
