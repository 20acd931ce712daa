using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Mux.Contract.Kernel;
using Mux.Contract.Sequences;
using Xunit;

namespace Mux.Contract;

/// <summary>Beyond the common contract, by <see cref="PollerFeatures"/>.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "Features")]
    public void A_poller_offers_what_its_backend_says() => Assert.Equal(Backend.Features, CreateAndAsk(poller => poller.Features));

    [ContractFact(Requires = PollerFeatures.EdgeTriggered)]
    [Trait("Rule", "Edge")]
    public void An_edge_is_reported_and_without_activity_the_reports_end()
    {
        foreach (var kind in Link.Kinds)
            foreach (var interest in new[] { Interest.Readable, Both })
            {
                using var poller = Backend.Create();
                using var link = Link.Open(kind);
                poller.Add(link.Local, 1, interest, PollMode.Edge);
                AssertReportsEnd(poller);
                link.PeerSends(2);
                Assert.True((ReadyNow(poller, 1) & Readiness.Readable) != 0);
                AssertReportsEnd(poller); // undrained

                link.PeerSends(1);
                Assert.True((ReadyNow(poller, 1) & Readiness.Readable) != 0);
                AssertReportsEnd(poller);
                link.Drain();
                AssertReportsEnd(poller);
                link.PeerSends(1);
                Assert.True((ReadyNow(poller, 1) & Readiness.Readable) != 0);
            }
    }

    [ContractFact(Requires = PollerFeatures.EdgeTriggered)]
    [Trait("Rule", "Edge")]
    public void Modify_reports_an_undrained_edge_again()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable, PollMode.Edge);
        link.PeerSends(1);
        AssertReady(poller, 1, Readiness.Readable);
        AssertReportsEnd(poller);
        for (var key = 2ul; key < 6; key++)
        {
            poller.Modify(link.Local, key, key % 2 == 0 ? Interest.Readable : Both, PollMode.Edge);
            Assert.True((ReadyNow(poller, key) & Readiness.Readable) != 0);
            AssertReportsEnd(poller);
        }

        poller.Modify(link.Local, 9, Interest.Readable);
        for (var i = 0; i < 3; i++)
            AssertReady(poller, 9, Readiness.Readable);
        poller.Modify(link.Local, 10, Interest.Readable, PollMode.Edge);
        AssertReady(poller, 10, Readiness.Readable);
        AssertReportsEnd(poller);
    }

    [ContractFact(Requires = PollerFeatures.EdgeTriggered)]
    [Trait("Rule", "Edge")]
    public void An_edge_reports_room_after_a_full_buffer_and_the_end()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        link.Fill();
        poller.Add(link.Local, 1, Both, PollMode.Edge);
        AssertReportsEnd(poller);
        link.PeerDrains();
        Assert.True((ReadyNow(poller, 1) & Readiness.Writable) != 0);
        AssertReportsEnd(poller);
        link.PeerHalfCloses();
        Assert.True((ReadyNow(poller, 1) & Readiness.Readable) != 0);
        AssertReportsEnd(poller);
    }

    [ContractFact(Requires = PollerFeatures.ExclusiveWakeUp)]
    [Trait("Rule", "Exclusive")]
    public void One_connection_wakes_fewer_than_all_exclusive_waiters()
    {
        const int Rounds = 20;
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(8);
        var wakeUps = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using var first = Backend.Create();
            using var second = Backend.Create();
            first.Add(listener, 1, Interest.Readable, PollMode.Exclusive);
            second.Add(listener, 2, Interest.Readable, PollMode.Exclusive);
            using var firstWait = BlockedWait.Start(first);
            using var secondWait = BlockedWait.Start(second);
            Assert.True(firstWait.UntilBlocked() && secondWait.UntilBlocked());
            using var client = new TcpClient("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port);
            Fence.Until(() => firstWait.IsOver || secondWait.IsOver, "one of the two to be woken");

            // Whoever was not woken by the connection does not learn of it from a Wake either.
            first.Wake();
            second.Wake();
            wakeUps += firstWait.Result().Events.Length + secondWait.Result().Events.Length;
            listener.Accept().Dispose();
        }

        Assert.InRange(wakeUps, Rounds, (2 * Rounds) - 1);
    }

    [ContractFact(Requires = PollerFeatures.ExclusiveWakeUp)]
    [Trait("Rule", "Exclusive")]
    public void Exclusive_can_be_set_and_left_by_Modify()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable, PollMode.Exclusive);
        link.PeerSends(1);
        AssertReady(poller, 1, Readiness.Readable);
        Assert.Equal(PollerError.None, poller.TryModify(link.Local, 2, Both, PollMode.Exclusive));
        AssertReady(poller, 2, ReadyBoth);
        Assert.Equal(PollerError.None, poller.TryModify(link.Local, 3, Both, PollMode.OneShot));
        AssertReady(poller, 3, ReadyBoth);
        AssertSilent(poller);
        Assert.Equal(PollerError.None, poller.TryModify(link.Local, 4, Interest.Writable, PollMode.Exclusive));
        AssertReady(poller, 4, Readiness.Writable);
        Assert.Equal(PollerError.None, poller.TryModify(link.Local, 5, Interest.None));
        AssertSilent(poller);
        Assert.Equal(PollerError.None, poller.TryRemove(link.Local));
    }

    [ContractFact(Requires = PollerFeatures.Nesting)]
    [Trait("Rule", "Nesting")]
    public void A_poller_can_wait_on_another_one()
    {
        using var outer = Backend.Create();
        using var inner = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        Assert.True(inner.TryGetDescriptor(out var descriptor));
        Assert.True(inner.TryGetDescriptor(out var again));
        Assert.Equal(descriptor, again);
        outer.Add(PollSource.FromDescriptor(descriptor), 1, Interest.Readable);
        inner.Add(link.Local, 2, Interest.Readable);
        AssertSilent(outer);
        link.PeerSends(1);
        AssertReady(outer, 1, Readiness.Readable);
        AssertReady(inner, 2, Readiness.Readable);
        AssertReady(outer, 1, Readiness.Readable);
        link.Drain();
        AssertSilent(inner);
        AssertSleeps(outer);

        // A Wait would return for a Wake, too.
        inner.Wake();
        AssertReady(outer, 1, Readiness.Readable);
        AssertWoken(inner);
        AssertSleeps(outer);
    }

    [ContractFact(Requires = PollerFeatures.Nesting, UnixOnly = true, ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7, Nesting")]
    public void Stale_events_of_the_inner_poller_do_not_break_the_nest()
    {
        using var outer = Backend.Create();
        using var inner = Backend.Create();
        using var old = Link.Open(LinkKind.Tcp);
        using var link = Link.Open(LinkKind.Tcp);
        Assert.True(inner.TryGetDescriptor(out var descriptor));
        outer.Add(PollSource.FromDescriptor(descriptor), 1, Interest.Readable);
        inner.Add(link.Local, 2, Interest.Readable);
        using (var closed = new Socket(new SafeSocketHandle(
            Posix.Duplicate((int)old.Local.Handle, new DescriptorRange().LowestDuplicate), ownsHandle: true)))
            inner.Add(closed, 3, Both);
        old.PeerSends(1);
        AssertSleeps(inner);
        AssertSleeps(inner);
        link.PeerSends(1);
        AssertReady(outer, 1, Readiness.Readable);
        AssertReady(inner, 2, Readiness.Readable);
    }

    [ContractFact]
    [Trait("Rule", "Nesting")]
    public void Without_nesting_there_is_no_descriptor()
    {
        using var poller = Backend.Create();
        var has = poller.TryGetDescriptor(out var descriptor);
        Assert.Equal((poller.Features & PollerFeatures.Nesting) != 0, has);
        Assert.Equal(has, descriptor != -1);
    }

    [ContractFact(UnixOnly = true)]
    [Trait("Rule", "8")]
    public void A_pipe_is_NotSupported_where_only_sockets_are()
    {
        if ((Backend.Features & PollerFeatures.AnyDescriptor) != 0)
            return;
        using var poller = Backend.Create();
        using var pipe = new PipeEnds();
        Assert.Equal(PollerError.NotSupported, poller.TryAdd(PollSource.FromDescriptor(pipe.Reader), 1, Interest.Readable));
        AssertFails<NotSupportedException>(poller, () => poller.Add(pipe.WriterHandle, 1, Interest.Writable));
        Assert.Equal(PollerError.NotRegistered, poller.TryRemove(PollSource.FromDescriptor(pipe.Reader)));
        AssertSilent(poller);
    }

    [ContractFact(Requires = PollerFeatures.AnyDescriptor, UnixOnly = true)]
    [Trait("Rule", "1, 4, AnyDescriptor")]
    public void A_pipe_is_reported_at_both_ends()
    {
        using var poller = Backend.Create();
        using var pipe = new PipeEnds();
        poller.Add(PollSource.FromDescriptor(pipe.Reader), 1, Interest.Readable);
        poller.Add(pipe.WriterHandle, 2, Interest.Writable);
        AssertReady(poller, 1, Readiness.None);
        AssertReady(poller, 2, Readiness.Writable);
        Assert.Equal(3, Posix.Write((int)pipe.Writer, new byte[3]));
        AssertReady(poller, 1, Readiness.Readable);
        pipe.Fill();
        AssertReady(poller, 2, Readiness.None);
        pipe.Drain();
        AssertReady(poller, 1, Readiness.None);
        AssertReady(poller, 2, Readiness.Writable);
    }

    [ContractFact(Requires = PollerFeatures.AnyDescriptor, UnixOnly = true)]
    [Trait("Rule", "4, AnyDescriptor")]
    public void A_pipe_whose_writer_left_is_readable()
    {
        using var poller = Backend.Create();
        using var pipe = new PipeEnds();
        poller.Add(PollSource.FromDescriptor(pipe.Reader), 1, Interest.Readable);
        pipe.WriterHandle.Dispose();
        var e = Assert.Single(Poll(poller));
        Assert.Equal(Readiness.Readable, e.Readiness & ~EndOfAPipe);
        AssertReady(poller, 1, Readiness.Readable);
    }

    [ContractFact(Requires = PollerFeatures.AnyDescriptor, UnixOnly = true)]
    [Trait("Rule", "4, AnyDescriptor")]
    public void A_pipe_whose_reader_left_is_writable()
    {
        foreach (var full in new[] { false, true })
        {
            using var poller = Backend.Create();
            using var pipe = new PipeEnds();
            if (full)
                pipe.Fill();
            poller.Add(pipe.WriterHandle, 1, Interest.Writable);
            pipe.ReaderHandle.Dispose();
            var e = Assert.Single(Poll(poller));
            Assert.Equal(Readiness.Writable, e.Readiness & ~(EndOfAPipe | Readiness.Error));
            AssertReady(poller, 1, Readiness.Writable);

            // Registered after the reader has left, too.
            using var late = Backend.Create();
            late.Add(pipe.WriterHandle, 2, Interest.Writable);
            AssertReady(late, 2, Readiness.Writable);
        }
    }

    [ContractFact(Requires = PollerFeatures.AnyDescriptor, UnixOnly = true)]
    [Trait("Rule", "5, AnyDescriptor")]
    public void A_pipe_without_interest_is_silent_when_its_other_end_leaves()
    {
        using var poller = Backend.Create();
        using var pipe = new PipeEnds();
        poller.Add(pipe.ReaderHandle, 1, Interest.None);
        pipe.WriterHandle.Dispose();
        AssertSleeps(poller);
        AssertSleeps(poller);
        poller.Modify(pipe.ReaderHandle, 1, Interest.Readable, PollMode.OneShot);
        AssertReady(poller, 1, Readiness.Readable);
        AssertSleeps(poller);
    }

    [ContractFact(Requires = PollerFeatures.AnyDescriptor, UnixOnly = true)]
    [Trait("Rule", "AnyDescriptor")]
    public void An_eventfd_is_readable_while_its_counter_is_not_zero()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var poller = Backend.Create();
        using var counter = new SafeFileHandle(Posix.EventFd(0, 0x800), ownsHandle: true); // EFD_NONBLOCK
        var number = (int)counter.DangerousGetHandle();
        poller.Add(counter, 1, Interest.Readable);
        AssertSilent(poller);
        Posix.Write(number, BitConverter.GetBytes(5ul));
        AssertReady(poller, 1, Readiness.Readable);
        AssertReady(poller, 1, Readiness.Readable);
        Posix.Read(number, new byte[8]);
        AssertSilent(poller);
    }

    // A pipe's reading end can never be written nor its writing end read: either hint is true of either end.
    private const Readiness EndOfAPipe = Readiness.ReadClosed | Readiness.WriteClosed;

    private TResult CreateAndAsk<TResult>(Func<IPoller, TResult> ask)
    {
        using var poller = Backend.Create();
        return ask(poller);
    }

    // Extra reports of an edge are allowed, but without activity they end.
    private static void AssertReportsEnd(IPoller poller)
    {
        for (var reports = 0; Poll(poller).Length != 0; reports++)
            Assert.True(reports < 4, $"{poller.Name} goes on reporting an edge without activity.");
        AssertSilent(poller);
    }
}
