using System.Diagnostics;
using System.IO.Pipes;
using System.Net.Sockets;
using Mux.Kqueue.Emulation;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Tests.Kqueue;

/// <summary>How the poller uses kevent: what it asks for, at what cost, and what it makes of the answers.</summary>
public sealed class KqueuePollerTests
{
    [EmulationTheory]
    [InlineData(EmulatedSystem.MacOS)]
    [InlineData(EmulatedSystem.FreeBsd)]
    public void Every_call_of_the_poller_is_one_kevent(EmulatedSystem system)
    {
        using var test = new EmulatedPoller(system);
        test.Send();
        Costs(1, () => test.Poller.Add(test.Near, 1, Interest.Readable, PollMode.OneShot));
        Costs(1, () => test.Ready());
        Costs(1, () => test.Poller.Modify(test.Near, 1, Interest.Readable, PollMode.OneShot));
        Costs(1, () => test.Poller.Modify(test.Near, 1, EmulatedPoller.Both, PollMode.Edge));
        Costs(1, () => test.Poller.Modify(test.Near, 1, Interest.Writable, PollMode.Level));
        Costs(1, () => test.Poller.Modify(test.Near, 1, Interest.None));
        Costs(1, test.Poller.Wake);
        Costs(0, test.Poller.Wake);
        Costs(1, () => test.Poller.Remove(test.Near));

        void Costs(int calls, Action action)
        {
            var before = test.Kernel.Calls;
            action();
            Assert.Equal(calls, test.Kernel.Calls - before);
        }
    }

    [EmulationFact]
    public void A_filter_is_added_when_its_direction_is_first_asked_for_and_kept_disabled_after()
    {
        using var test = new EmulatedPoller();
        var number = test.Near.SafeHandle.DangerousGetHandle();
        test.Poller.Add(test.Near, 1, Interest.None);
        Assert.Empty(Filters());
        test.Poller.Modify(test.Near, 1, Interest.Readable);
        Assert.Equal(["READ"], Filters());
        test.Poller.Modify(test.Near, 1, Interest.Writable);
        Assert.Equal(["READ disabled", "WRITE"], Filters());
        test.Poller.Modify(test.Near, 1, EmulatedPoller.Both, PollMode.OneShot);
        Assert.Equal(["READ dispatch", "WRITE dispatch"], Filters());
        test.Poller.Modify(test.Near, 1, EmulatedPoller.Both, PollMode.Edge);
        Assert.Equal(["READ clear", "WRITE clear"], Filters());
        test.Poller.Remove(test.Near);
        Assert.Empty(Filters());

        List<string> Filters() => [.. test.Kernel.Filters().Where(f => f.StartsWith($"{number} ", StringComparison.Ordinal))
            .Select(f => f[(f.IndexOf(' ', StringComparison.Ordinal) + 1)..f.LastIndexOf(' ')])];
    }

    [EmulationFact]
    public void The_own_end_of_sending_is_no_end_of_reading()
    {
        using var test = new EmulatedPoller();
        test.Near.Shutdown(SocketShutdown.Send);
        test.Poller.Add(test.Near, 1, EmulatedPoller.Both);
        Assert.Equal([new(1, Readiness.Writable | Readiness.WriteClosed)], test.Ready());
    }

    [EmulationTheory]
    [InlineData(EmulatedSystem.MacOS, Interest.Writable)]
    [InlineData(EmulatedSystem.MacOS, EmulatedPoller.Both)]
    [InlineData(EmulatedSystem.FreeBsd, Interest.Writable)]
    [InlineData(EmulatedSystem.FreeBsd, EmulatedPoller.Both)]
    public void A_pipe_without_reader_is_writable_for_as_long_as_it_is_asked(EmulatedSystem system, Interest interest)
    {
        foreach (var addedBefore in new[] { true, false })
        {
            using var test = new EmulatedPoller(system);
            using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
            if (addedBefore)
                test.Poller.Add(writer.SafePipeHandle, 1, interest);
            writer.ClientSafePipeHandle.Dispose();
            if (!addedBefore)
                test.Poller.Add(writer.SafePipeHandle, 1, interest);
            for (var i = 0; i < 3; i++)
            {
                var e = Assert.Single(test.Ready());
                Assert.True(e.IsWritable);
                Assert.Equal(Readiness.None, e.Readiness & Readiness.ReadClosed);
            }

            foreach (var mode in new[] { PollMode.OneShot, PollMode.Edge })
            {
                test.Poller.Modify(writer.SafePipeHandle, 2, interest, mode);
                Assert.True(Assert.Single(test.Ready()).IsWritable);
                Assert.Empty(test.Ready());
            }
        }
    }

    [EmulationFact]
    public void A_reader_that_leaves_is_told_by_the_READ_filter_where_WRITE_does_not_tell()
    {
        using var test = new EmulatedPoller();
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        test.Poller.Add(writer.SafePipeHandle, 1, Interest.Writable);
        var blocked = new byte[4096];
        writer.Write(blocked);
        writer.ClientSafePipeHandle.Dispose();

        // NetBSD's answer: nothing from WRITE.
        test.Kernel.Mutes = filter => filter == EVFILT_WRITE;
        Assert.Equal([new(1, Readiness.Writable)], test.Ready());
    }

    [EmulationFact]
    public void Long_timeouts_are_cut_to_what_the_kernel_takes()
    {
        using var test = new EmulatedPoller();
        test.Poller.Add(test.Near, 1, Interest.Readable);
        test.Kernel.Sleeping = test.Send;
        foreach (var timeout in new[] { TimeSpan.FromDays(1500), TimeSpan.MaxValue })
        {
            var events = new PollEvent[1];
            Assert.Equal(1, test.Poller.Wait(events, timeout));
            test.Near.Receive(new byte[8]);
        }
    }

    [EmulationTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Interrupted_waits_are_taken_up_again_and_never_end_early(int seed)
    {
        using var test = new EmulatedPoller(hostility: new(seed));
        test.Poller.Add(test.Near, 1, Interest.Readable);
        for (var i = 0; i < 20; i++)
        {
            var began = Stopwatch.GetTimestamp();
            Assert.Equal(0, test.Poller.Wait(new PollEvent[1], TimeSpan.FromMilliseconds(2)));
            Assert.True(Stopwatch.GetElapsedTime(began) >= TimeSpan.FromMilliseconds(2));
        }

        Assert.True(test.Poller.Statistics.Interrupted > 0);
    }

    [EmulationFact]
    public void Short_batches_lose_nothing()
    {
        using var test = new EmulatedPoller(EmulatedSystem.FreeBsd, new(5) { ShortBatches = true });
        var pairs = Enumerable.Range(0, 6).Select(_ => EmulatedPoller.Connect()).ToList();
        for (var i = 0; i < pairs.Count; i++)
        {
            test.Poller.Add(pairs[i].Near, (ulong)i, Interest.Readable, PollMode.OneShot);
            pairs[i].Far.Send([1]);
            Assert.True(pairs[i].Near.Poll(10_000_000, SelectMode.SelectRead));
        }

        var seen = new HashSet<ulong>();
        var events = new PollEvent[8];
        while (seen.Count < pairs.Count)
        {
            var count = test.Poller.Wait(events, TimeSpan.FromSeconds(10));
            Assert.NotEqual(0, count);
            Assert.All(events[..count], e => Assert.True(seen.Add(e.Key)));
        }

        pairs.ForEach(p => { p.Near.Dispose(); p.Far.Dispose(); });
    }

    [EmulationFact]
    public void One_poller_waits_on_another()
    {
        using var test = new EmulatedPoller();
        using var outer = EmulatedKqueue.CreatePoller(EmulatedSystem.FreeBsd);
        Assert.True(test.Poller.TryGetDescriptor(out var inner));
        outer.Add(PollSource.FromDescriptor(inner), 7, Interest.Readable);
        test.Poller.Add(test.Near, 1, Interest.Readable);
        var events = new PollEvent[1];
        Assert.Equal(0, outer.Wait(events, TimeSpan.Zero));
        test.Send();
        Assert.Equal(1, outer.Wait(events, TimeSpan.FromSeconds(10)));
        Assert.Equal(new PollEvent(7, Readiness.Readable), events[0]);
    }
}
