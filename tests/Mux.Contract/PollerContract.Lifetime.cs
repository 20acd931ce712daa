using System.Net.Sockets;
using Mux.Contract.Kernel;
using Mux.Contract.Sequences;
using Xunit;

namespace Mux.Contract;

/// <summary>Rule 7: Remove is final, changes are whole, and closing first harms nobody.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "7")]
    public void Remove_is_final_and_leaves_nothing_in_the_kernel()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var link = Link.Open(kind);
            poller.Add(link.Local, 1, Both);
            link.PeerSends(1);
            AssertReady(poller, 1, ReadyBoth);
            poller.Remove(link.Local);
            AssertSilent(poller);
            AssertSleeps(poller);
            Assert.Equal(0, poller.Statistics.StaleDropped);
            Assert.Equal(0, poller.Statistics.Registrations);
            Assert.Empty(poller.GetRegistrations());
            poller.Add(link.Local, 2, Interest.Readable);
            AssertReady(poller, 2, Readiness.Readable);
        }
    }

    [ContractFact]
    [Trait("Rule", "7")]
    public void Modify_replaces_key_interest_and_mode_whole()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        link.PeerSends(1);
        AssertReady(poller, 1, Readiness.Readable);
        poller.Modify(link.Local, 2, Interest.Writable);
        var e = Assert.Single(Poll(poller));
        Assert.Equal((2ul, Readiness.Writable), (e.Key, e.Readiness & ReadyBoth));
        poller.Modify(link.Local, 3, Both);
        e = Assert.Single(Poll(poller));
        Assert.Equal((3ul, ReadyBoth), (e.Key, e.Readiness & ReadyBoth));
        var registration = Assert.Single(poller.GetRegistrations());
        Assert.Equal(new PollerRegistration(link.Local.Handle, 3, Both, PollMode.Level, Armed: true, Closed: false), registration);
    }

    [ContractFact(ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7")]
    public void A_registered_Socket_can_be_disposed_at_once()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var closed = Link.Open(kind);
            using var other = Link.Open(kind);
            poller.Add(closed.Local, 1, Both);
            poller.Add(other.Local, 2, Interest.Readable);
            closed.PeerSends(1);
            RunBounded("disposing a registered socket", closed.Local.Dispose);
            AssertSilent(poller);
            AssertSleeps(poller);
            other.PeerSends(1);
            AssertReady(poller, 2, Readiness.Readable);
            Assert.Equal(PollerError.BadDescriptor, poller.TryModify(closed.Local, 1, Both));
            Assert.Equal(PollerError.None, poller.TryRemove(closed.Local));
            Assert.Equal(PollerError.NotRegistered, poller.TryRemove(closed.Local));
            AssertReady(poller, 2, Readiness.Readable);
        }
    }

    [ContractFact(ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7, 11")]
    public void A_registered_Socket_can_be_disposed_while_another_thread_waits()
    {
        using var poller = Backend.Create();
        using var closed = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Tcp);
        poller.Add(closed.Local, 1, Interest.Readable);
        poller.Add(other.Local, 2, Interest.Readable);
        using var waiter = BlockedWait.Start(poller);
        Assert.True(waiter.UntilBlocked());
        RunBounded("disposing a registered socket", closed.Local.Dispose);
        Assert.False(waiter.IsOver);
        other.PeerSends(1);
        Assert.Equal(2ul, Assert.Single(waiter.Result().Events).Key);
        AssertReady(poller, 2, Readiness.Readable);
        other.Drain();
        AssertSleeps(poller);
        Assert.Equal(PollerError.None, poller.TryRemove(closed.Local));
    }

    [ContractFact(ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7")]
    public void A_registered_handle_can_be_disposed_at_once()
    {
        using var poller = Backend.Create();
        using var closed = Link.Open(LinkKind.Tcp);
        var handle = closed.Local.SafeHandle;
        poller.Add(PollSource.FromHandle(handle), 1, Both);
        RunBounded("disposing a registered handle", handle.Dispose);
        AssertSleeps(poller);
        Assert.Equal(PollerError.BadDescriptor, poller.TryModify(PollSource.FromHandle(handle), 1, Both));
        Assert.Equal(PollerError.None, poller.TryRemove(PollSource.FromHandle(handle)));
    }

    [ContractFact(UnixOnly = true, ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7")]
    public void A_raw_number_closed_first_harms_nobody_and_can_be_removed()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Tcp);
        var number = Posix.Duplicate((int)link.Local.Handle, new DescriptorRange().LowestDuplicate);
        poller.Add(PollSource.FromSocket((nint)number), 1, Interest.Readable);
        poller.Add(other.Local, 2, Interest.Readable);
        Posix.Close(number);
        AssertSleeps(poller);
        other.PeerSends(1);
        AssertReady(poller, 2, Readiness.Readable);
        Assert.Equal(PollerError.None, poller.TryRemove(PollSource.FromSocket((nint)number)));
        Assert.Equal(PollerError.NotRegistered, poller.TryRemove(PollSource.FromSocket((nint)number)));
        AssertReady(poller, 2, Readiness.Readable);
    }

    [ContractFact(UnixOnly = true, ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7")]
    public void A_raw_number_closed_during_a_Wait_does_not_end_it()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Tcp);
        var number = Posix.Duplicate((int)link.Local.Handle, new DescriptorRange().LowestDuplicate);
        poller.Add(PollSource.FromSocket((nint)number), 1, Interest.Readable);
        poller.Add(other.Local, 2, Interest.Readable);
        using var waiter = BlockedWait.Start(poller);
        Assert.True(waiter.UntilBlocked());
        Posix.Close(number);
        other.PeerSends(1);
        Assert.Equal(2ul, Assert.Single(waiter.Result().Events).Key);
        Assert.Equal(PollerError.None, poller.TryRemove(PollSource.FromSocket((nint)number)));
    }

    [ContractFact(UnixOnly = true, ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7")]
    public void A_reused_number_belongs_to_its_new_owner_alone()
    {
        foreach (var kind in Link.Kinds)
        {
            using var poller = Backend.Create();
            using var old = Link.Open(kind);
            var range = new DescriptorRange();
            var number = Posix.Duplicate((int)old.Local.Handle, range.LowestDuplicate);
            var oldSocket = new Socket(new SafeSocketHandle(number, ownsHandle: true));
            poller.Add(oldSocket, 1, Both);
            oldSocket.Dispose();

            // old.Local is a duplicate of what was closed: its kernel object lives and goes on becoming ready.
            old.PeerSends(1);
            using var young = Link.Open(kind);
            var reused = Posix.Duplicate((int)young.Local.Handle, number);
            using var youngSocket = new Socket(new SafeSocketHandle(reused, ownsHandle: true));
            if (reused != number)
                continue; // another thread of the process took it; the generated sequences count that this is rare

            AssertSilent(poller);
            Assert.Equal(PollerError.None, poller.TryAdd(youngSocket, 2, Interest.Readable));
            AssertSilent(poller);
            AssertSleeps(poller);
            Assert.Equal(PollerError.BadDescriptor, poller.TryModify(oldSocket, 9, Both));
            _ = poller.TryRemove(oldSocket);
            young.PeerSends(1);
            AssertReady(poller, 2, Readiness.Readable);
            Assert.Single(Poll(poller));
            Assert.Equal(PollerError.None, poller.TryModify(youngSocket, 3, Both));
            Assert.Equal(3ul, Assert.Single(Poll(poller)).Key);
            Assert.Equal(PollerError.None, poller.TryRemove(youngSocket));
            AssertSilent(poller);
        }
    }

    [ContractFact(UnixOnly = true)]
    [Trait("Rule", "7")]
    public void Modify_and_Remove_with_an_object_act_on_its_own_registration_only()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        using var stranger = new Socket(new SafeSocketHandle(link.Local.Handle, ownsHandle: false));
        poller.Add(link.Local, 1, Interest.Writable);
        Assert.Equal(PollerError.NotRegistered, poller.TryModify(stranger, 2, Both));
        Assert.Equal(PollerError.NotRegistered, poller.TryRemove(stranger));
        Assert.Equal(PollerError.AlreadyRegistered, poller.TryAdd(stranger, 2, Both));
        AssertReady(poller, 1, Readiness.Writable);
    }

    [ContractFact]
    [Trait("Rule", "7")]
    public void A_raw_number_acts_on_whatever_is_registered_under_it()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Writable);
        var number = PollSource.FromSocket(link.Local.Handle);
        Assert.Equal(PollerError.AlreadyRegistered, poller.TryAdd(number, 2, Both));
        Assert.Equal(PollerError.None, poller.TryModify(number, 2, Interest.Writable));
        AssertReady(poller, 2, Readiness.Writable);
        Assert.Equal(PollerError.None, poller.TryRemove(number));
        AssertSilent(poller);
        Assert.Equal(PollerError.NotRegistered, poller.TryRemove(link.Local));
    }

    [ContractFact(ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7, 13")]
    public void Thousands_may_come_and_go_without_Remove()
    {
        using var poller = Backend.Create();
        using var stays = Link.Open(LinkKind.Udp);
        poller.Add(stays.Local, 1, Interest.Writable);
        for (var i = 0; i < 2000; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            Assert.Equal(PollerError.None, poller.TryAdd(socket, 2, Interest.Readable));
            if (i % 100 == 0)
                Assert.Equal(1ul, Assert.Single(Poll(poller)).Key);
        }

        AssertReady(poller, 1, Readiness.Writable);
    }
}
