using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>The warm path allocates nothing.</summary>
public sealed class AllocationTests
{
    private const int Requests = 500;

    /// <summary>Not select: .NET's Socket.Select allocates (contract rule 13 names epoll and kqueue). Nor the emulation.</summary>
    public static TheoryData<string> Allocationless => [.. Backends.Names.Where(b => b is "epoll" or "kqueue")];

    [Theory]
    [MemberData(nameof(Allocationless))]
    public async Task A_warm_connection_allocates_nothing_per_request(string backend)
    {
        await using var server = new TestServer(backend, o => o.Workers = 1);
        using var socket = await server.ConnectAsync();
        Assert.Equal(0, await LeastAllocated(server, async () =>
        {
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await socket.ReadResponseAsync();
        }));
    }

    [Theory]
    [MemberData(nameof(Allocationless))]
    public async Task A_collector_of_durations_and_sizes_makes_a_request_allocate_nothing_either(string backend)
    {
        await using var server = new TestServer(backend, o => o.Workers = 1);
        var durations = 0;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter, server.Meter))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => durations++);
        listener.Start();
        using var socket = await server.ConnectAsync();
        Assert.Equal(0, await LeastAllocated(server, async () =>
        {
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await socket.ReadResponseAsync();
        }));
        Assert.True(durations > Requests);
    }

    [Theory]
    [MemberData(nameof(Allocationless))]
    public async Task A_connection_per_request_allocates_nothing_once_one_was_there_before(string backend)
    {
        await using var server = new TestServer(backend, o => o.Workers = 1);
        Assert.Equal(0, await LeastAllocated(server, async () =>
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            await socket.ReadToEndAsync();
        }));
    }

    /// <summary>
    /// What the loop's thread allocates for a number of requests, the least of several rounds: a path that is taken for the
    /// first time may allocate once, and what a request allocates shows in every round.
    /// </summary>
    private static async Task<long> LeastAllocated(TestServer server, Func<Task> request)
    {
        var least = long.MaxValue;
        for (var round = 0; round < 4; round++)
        {
            var before = await Allocated(server);
            for (var i = 0; i < Requests; i++)
                await request();
            least = Math.Min(least, await Allocated(server) - before);
        }

        return least;
    }

    private static async Task<long> Allocated(TestServer server)
    {
        var probe = new Probe();
        server.Workers[0].Loop.Post(static state => ((Probe)state!).Read(), probe);
        await TestServer.Until(() => Volatile.Read(ref probe.IsRead), "the loop answers");
        return probe.Bytes;
    }

    /// <summary>Asks without allocating on the loop's thread.</summary>
    private sealed class Probe
    {
        internal long Bytes;
        internal bool IsRead;

        internal void Read()
        {
            Bytes = GC.GetAllocatedBytesForCurrentThread();
            Volatile.Write(ref IsRead, true);
        }
    }
}
