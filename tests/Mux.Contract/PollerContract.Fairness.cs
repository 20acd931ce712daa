using System.Net;
using System.Net.Sockets;
using Mux.Contract.Kernel;
using Xunit;

namespace Mux.Contract;

/// <summary>Rules 12 and 13: fairness and cost.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact(ExcusedBy = KnownDeviation.StarvesWithSmallRoom)]
    [Trait("Rule", "12")]
    public void Each_ready_registration_is_reported_within_the_bound()
    {
        foreach (var ready in new[] { 2, 5, 9 })
            foreach (var room in new[] { 1, 2, 3, 4 })
                foreach (var interest in new[] { Interest.Readable, Both })
                    AssertFair(ready, room, interest);
    }

    [ContractFact(ExcusedBy = KnownDeviation.StarvesWithSmallRoom)]
    [Trait("Rule", "2, 12")]
    public void Shots_beyond_the_room_are_reported_once_each_in_the_next_Waits()
    {
        const int Ready = 9, Room = 2;
        using var poller = Backend.Create();
        var links = Enumerable.Range(0, Ready).Select(i => Link.Open(Link.Kinds[i % Link.Kinds.Count])).ToList();
        try
        {
            for (var i = 0; i < Ready; i++)
            {
                links[i].PeerSends(1);
                poller.Add(links[i].Local, (ulong)i, Both, PollMode.OneShot);
            }

            var seen = new List<ulong>();
            for (var wait = 0; wait < Bound(Ready, Room); wait++)
                seen.AddRange(Poll(poller, Room).Select(e => e.Key));
            Assert.Equal(Enumerable.Range(0, Ready).Select(i => (ulong)i), seen.Order());
        }
        finally
        {
            links.ForEach(link => link.Dispose());
        }
    }

    [ContractFact(ExcusedBy = KnownDeviation.AsksMoreThanOnce)]
    [Trait("Rule", "13")]
    public void A_Wait_that_finds_an_event_asks_the_kernel_once()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        using var idle = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Both);
        poller.Add(idle.Local, 2, Interest.Readable);
        link.PeerSends(1);
        var before = poller.Statistics;
        for (var i = 0; i < 50; i++)
            Assert.Single(WaitForEvents(poller, room: 8));
        var after = poller.Statistics;
        Assert.Equal(50, after.Waits - before.Waits);
        Assert.Equal(50, after.Polls - before.Polls);
        Assert.Equal(50, after.Events - before.Events);
    }

    [ContractFact(ExcusedBy = KnownDeviation.AllocatesInCalls)]
    [Trait("Rule", "13")]
    public void Nothing_is_allocated_in_the_steady_state()
    {
        // "On epoll and kqueue": what offers any of the features below is one of the two or claims to be like them.
        if (Backend.Features == PollerFeatures.None)
            return;
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        using var shot = Link.Open(LinkKind.Udp);
        poller.Add(shot.Local, 2, Interest.Writable, PollMode.OneShot);
        var events = new PollEvent[16];
        void Round()
        {
            poller.TryAdd(link.Local, 1, Interest.Readable);
            poller.TryModify(link.Local, 1, Both);
            poller.Wait(events, Fence.Patience, out _);
            poller.TryModify(shot.Local, 2, Interest.Writable, PollMode.OneShot);
            poller.Wake();
            poller.Wait(events, Timeout.InfiniteTimeSpan, out _);
            poller.TryModify(link.Local, 1, Interest.None);
            poller.TryModify(link.Local, 1, Interest.Writable, PollMode.OneShot);
            poller.Wait(events, TimeSpan.Zero, out _);
            poller.TryRemove(link.Local);
            poller.Wait(events, TimeSpan.FromTicks(10), out _);
        }

        for (var i = 0; i < 200; i++)
            Round();
        Assert.Equal(0, Allocation.Least(500, Round));
    }

    [ContractFact]
    [Trait("Rule", "12, 13")]
    public void Hundreds_of_registrations_are_told_apart()
    {
        const int Count = 300;
        using var poller = Backend.Create();
        var sockets = new List<Socket>();
        try
        {
            for (var i = 0; i < Count; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                poller.Add(socket, (ulong)i, i % 3 == 0 ? Interest.Writable : Interest.Readable);
            }

            var expected = Enumerable.Range(0, Count).Where(i => i % 3 == 0).Select(i => (ulong)i);
            Assert.Equal(expected, Poll(poller, room: 2 * Count).Select(e => e.Key).Order());
            for (var i = 0; i < Count; i += 3)
                poller.Remove(sockets[i]);
            AssertSilent(poller);
            for (var i = 1; i < Count; i += 3)
                poller.Modify(sockets[i], (ulong)(1000 + i), Interest.Writable);
            expected = Enumerable.Range(0, Count).Where(i => i % 3 == 1).Select(i => (ulong)(1000 + i));
            Assert.Equal(expected, Poll(poller, room: 2 * Count).Select(e => e.Key).Order());
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    private static int Bound(int ready, int room) => (((2 * ready) + room - 1) / room) + 1;

    private void AssertFair(int ready, int room, Interest interest)
    {
        using var poller = Backend.Create();
        var links = Enumerable.Range(0, ready).Select(i => Link.Open(Link.Kinds[i % Link.Kinds.Count])).ToList();
        try
        {
            for (var i = 0; i < ready; i++)
            {
                links[i].PeerSends(1);
                poller.Add(links[i].Local, (ulong)i, interest);
            }

            var bound = Bound(ready, room);
            var last = new int[ready];
            for (var wait = 1; wait <= 4 * bound; wait++)
            {
                if (wait % 5 == 0)
                    poller.Wake(); // needs no room of its own
                var events = Poll(poller, room);
                Assert.Equal(events.Length, events.Select(e => e.Key).Distinct().Count());
                foreach (var e in events)
                    last[e.Key] = wait;
                for (var i = 0; i < ready; i++)
                    Assert.True(wait - last[i] < bound,
                        $"{poller.Name} left out {i} of {ready} ready ones for {wait - last[i]} Waits with room for {room}.");
            }
        }
        finally
        {
            links.ForEach(link => link.Dispose());
        }
    }
}
