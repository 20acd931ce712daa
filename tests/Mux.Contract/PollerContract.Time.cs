using System.Diagnostics;
using Mux.Contract.Kernel;
using Mux.Contract.Sequences;
using Xunit;

namespace Mux.Contract;

/// <summary>Rule 9: how long a Wait waits.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "9")]
    public void An_empty_span_and_a_negative_timeout_are_argument_errors()
    {
        using var poller = Backend.Create();
        Assert.ThrowsAny<ArgumentException>(() => poller.Wait([], TimeSpan.Zero, out _));
        Assert.ThrowsAny<ArgumentException>(() => poller.Wait(Span<PollEvent>.Empty, TimeSpan.FromSeconds(1)));
        foreach (var timeout in new[] { TimeSpan.FromTicks(-1), TimeSpan.FromMilliseconds(-2), TimeSpan.FromDays(-1), TimeSpan.MinValue })
            Assert.ThrowsAny<ArgumentException>(() => poller.Wait(new PollEvent[1], timeout, out _));

        // The refused calls have not left the poller occupied.
        AssertSilent(poller);
    }

    [ContractFact]
    [Trait("Rule", "9")]
    public void Zero_polls_with_and_without_registrations()
    {
        using var poller = Backend.Create();
        AssertSilent(poller);
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        AssertSilent(poller);
        link.PeerSends(1);
        AssertReady(poller, 1, Readiness.Readable);
    }

    [ContractFact]
    [Trait("Rule", "9")]
    public void A_Wait_is_never_over_before_its_timeout()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        for (var registered = 0; registered < 2; registered++)
        {
            var random = new Random(registered);
            for (var i = 0; i < 40; i++)
            {
                var timeout = TimeSpan.FromTicks(random.Next(1, i % 4 == 0 ? 60_000 : 12_000));
                var started = Stopwatch.GetTimestamp();
                var count = poller.Wait(new PollEvent[1], timeout, out var woken);
                var elapsed = Stopwatch.GetElapsedTime(started);
                Assert.True(count == 0 && !woken && elapsed >= timeout, $"{poller.Name} was back after {elapsed} of {timeout}.");
            }

            poller.TryAdd(link.Local, 1, Interest.Readable);
        }
    }

    [ContractFact]
    [Trait("Rule", "9, 11")]
    public void Changes_from_other_threads_do_not_end_a_Wait_early()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Tcp);
        poller.Add(other.Local, 1, Interest.Readable);
        var timeout = TimeSpan.FromMilliseconds(150);
        var started = Stopwatch.GetTimestamp();
        using var waiter = BlockedWait.Start(poller, timeout: timeout);
        while (waiter.UntilBlocked() && Stopwatch.GetElapsedTime(started) < timeout / 2)
        {
            Assert.Equal(PollerError.None, poller.TryAdd(link.Local, 2, Interest.Readable));
            Assert.Equal(PollerError.None, poller.TryModify(link.Local, 3, Interest.None));
            Assert.Equal(PollerError.None, poller.TryModify(other.Local, 1, Interest.Readable));
            Assert.Equal(PollerError.None, poller.TryRemove(link.Local));
        }

        var (events, woken) = waiter.Result();
        var elapsed = Stopwatch.GetElapsedTime(started);
        Assert.True(events.Length == 0 && !woken && elapsed >= timeout, $"{poller.Name} was back after {elapsed} of {timeout}.");
    }

    [ContractFact(UnixOnly = true, ExcusedBy = KnownDeviation.NotInterruptedBySignals)]
    [Trait("Rule", "9")]
    public void Signals_do_not_end_a_Wait_early()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        var timeout = TimeSpan.FromMilliseconds(60);
        var started = Stopwatch.GetTimestamp();
        using var waiter = BlockedWait.Start(poller, timeout: timeout);
        var signals = SignalStorm.Blow(waiter, poller);
        var (events, woken) = waiter.Result();
        var elapsed = Stopwatch.GetElapsedTime(started);
        Assert.True(signals > 0, "No signal was sent.");
        Assert.True(events.Length == 0 && !woken && elapsed >= timeout,
            $"{poller.Name} was back after {elapsed} of {timeout} and {signals} signals.");
    }

    [ContractFact(UnixOnly = true, ExcusedBy = KnownDeviation.NotInterruptedBySignals)]
    [Trait("Rule", "9, 10")]
    public void Signals_do_not_hide_an_event()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        using var waiter = BlockedWait.Start(poller);
        using var storm = new SignalStorm();
        for (var i = 0; i < 20 && waiter.UntilBlocked(); i++)
            Assert.Equal(0, Posix.PthreadKill(waiter.PthreadId, Posix.SigWinch));
        Assert.True(waiter.UntilBlocked(), $"{poller.Name} ended a Wait for a signal: {waiter.Failure}");
        link.PeerSends(1);
        Assert.Equal(1ul, Assert.Single(waiter.Result().Events).Key);
    }

    [ContractFact]
    [Trait("Rule", "9")]
    public void Any_length_works_years_included()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Readable);
        TimeSpan[] lengths =
        [
            Timeout.InfiniteTimeSpan, TimeSpan.FromDays(1), TimeSpan.FromMilliseconds(int.MaxValue),
            TimeSpan.FromMilliseconds(int.MaxValue) + TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(uint.MaxValue),
            TimeSpan.FromMilliseconds(uint.MaxValue) + TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(366 * 100), TimeSpan.MaxValue,
        ];
        foreach (var length in lengths)
        {
            using var waiter = BlockedWait.Start(poller, timeout: length);
            Assert.True(waiter.UntilBlocked(), $"{poller.Name} was back at once from a Wait of {length}: {waiter.Failure}");
            poller.Wake();
            Assert.True(waiter.Result().Woken, $"{poller.Name} did not wait {length}.");
        }

        // With something ready any of them returns at once.
        link.PeerSends(1);
        foreach (var length in lengths)
            Assert.Equal(1, poller.Wait(new PollEvent[1], length, out _));
    }

    [ContractFact(Requires = PollerFeatures.SubMillisecondTimeout)]
    [Trait("Rule", "9")]
    public void Timeouts_below_a_millisecond_are_kept_where_the_features_say_so()
    {
        using var poller = Backend.Create();
        var fastest = TimeSpan.MaxValue;
        for (var i = 0; i < 2000 && fastest >= TimeSpan.FromMilliseconds(1); i++)
        {
            var started = Stopwatch.GetTimestamp();
            poller.Wait(new PollEvent[1], TimeSpan.FromMicroseconds(100), out _);
            var elapsed = Stopwatch.GetElapsedTime(started);
            fastest = elapsed < fastest ? elapsed : fastest;
        }

        // Not one in two thousand: rounded up to a millisecond.
        Assert.True(fastest < TimeSpan.FromMilliseconds(1), $"{poller.Name} never took less than {fastest} for 100 µs.");
    }

    [ContractFact(UnixOnly = true, ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7, 9")]
    public void Stale_events_do_not_end_a_Wait_early_nor_hide_live_ones()
    {
        using var poller = Backend.Create();
        using var other = Link.Open(LinkKind.Tcp);
        poller.Add(other.Local, 1, Interest.Readable);
        var range = new DescriptorRange();
        var links = new List<Link>();
        try
        {
            // Five descriptors closed without Remove that live on as links[i].Local and stay ready.
            for (var i = 0; i < 5; i++)
            {
                var link = Link.Open(LinkKind.Tcp);
                links.Add(link);
                using var closed = new System.Net.Sockets.Socket(new System.Net.Sockets.SafeSocketHandle(
                    Posix.Duplicate((int)link.Local.Handle, range.LowestDuplicate), ownsHandle: true));
                poller.Add(closed, 100, Both);
                link.PeerSends(1);
            }

            var timeout = TimeSpan.FromMilliseconds(30);
            var started = Stopwatch.GetTimestamp();
            Assert.Equal(0, poller.Wait(new PollEvent[1], timeout, out var woken));
            Assert.False(woken);
            Assert.True(Stopwatch.GetElapsedTime(started) >= timeout);
            AssertSleeps(poller);
            other.PeerSends(1);
            Assert.Equal(1ul, Assert.Single(Poll(poller, room: 1)).Key);
        }
        finally
        {
            links.ForEach(link => link.Dispose());
        }
    }

    [ContractFact(UnixOnly = true, ExcusedBy = KnownDeviation.KeepsClosedDescriptors)]
    [Trait("Rule", "7, 9")]
    public void Zero_finds_what_is_ready_behind_stale_events()
    {
        using var poller = Backend.Create();
        using var other = Link.Open(LinkKind.Tcp);
        using var spent = Link.Open(LinkKind.Tcp);
        var range = new DescriptorRange();
        var links = new List<Link>();
        try
        {
            for (var i = 0; i < 7; i++)
            {
                var link = Link.Open(LinkKind.Tcp);
                links.Add(link);
                using var closed = new System.Net.Sockets.Socket(new System.Net.Sockets.SafeSocketHandle(
                    Posix.Duplicate((int)link.Local.Handle, range.LowestDuplicate), ownsHandle: true));
                poller.Add(closed, 100, Interest.Readable);
                link.PeerSends(1);
            }

            poller.Add(spent.Local, 2, Interest.Writable, PollMode.OneShot);
            AssertReady(poller, 2, Readiness.Writable);
            poller.Add(other.Local, 1, Interest.Readable);
            other.PeerSends(1);
            Assert.Equal(1ul, Assert.Single(Poll(poller, room: 1)).Key);
            AssertSilentBut(poller, 1);
            poller.Modify(spent.Local, 3, Interest.Writable, PollMode.OneShot);
            AssertReady(poller, 3, Readiness.Writable);
        }
        finally
        {
            links.ForEach(link => link.Dispose());
        }
    }

    private static void AssertSilentBut(IPoller poller, ulong key) => Assert.All(Poll(poller), e => Assert.Equal(key, e.Key));
}
