using System.Net.Sockets;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>Tests that measure the memory of the whole process: they run when no others do.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessMemory
{
    internal const string Name = "process memory";
}

/// <summary>Peers that do not take what they asked for.</summary>
[Collection(ProcessMemory.Name)]
public sealed class BackPressureTests
{
    // A connection that waits for its peer holds one unsent and perhaps one unread buffer of 64 KiB.
    private const long MostParked = 2 * 64 * 1024;

    public static TheoryData<string> All => Servers.All;

    public static TheoryData<string> Loops => Servers.Loops;

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Clients_that_stall_on_an_endless_answer_cost_a_buffer_each_and_others_are_served(string backend)
    {
        await using var server = new TestServer(backend);
        var sockets = new List<Socket>();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 100; i++)
        {
            sockets.Add(await server.ConnectAsync());
            await sockets[i].SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        }

        using var other = await server.ConnectAsync();
        var sent = -1L;
        for (var quiet = 0; quiet < 20;)
        {
            await other.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await other.ReadResponseAsync();
            var now = server.Sum(c => c.BytesSent - (150 * c.Requests));
            quiet = now - sent < 1000 ? quiet + 1 : 0;
            sent = now;
        }

        // What the kernel took is not ours; what is ours is bounded.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, (100 * MostParked) + (8 << 20));
        foreach (var socket in sockets)
            socket.Dispose();
        await TestServer.Until(() => server.OpenConnections == 1, "the stalled ones end");
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task While_an_answer_is_owed_nothing_more_is_read(string backend)
    {
        await using var server = new TestServer(backend);
        using var socket = await server.ConnectAsync();
        socket.Blocking = false;
        var requests = RawClient.Bytes(string.Concat(Enumerable.Repeat("GET /bytes/50000 HTTP/1.1\r\nHost: a\r\n\r\n", 2000)));

        // A server that went on reading would take all of these; one that holds back makes the client's sends block.
        var sent = 0L;
        var received = -1L;
        for (var full = 0; full < 50;)
        {
            var count = socket.Send(requests, SocketFlags.None, out var error);
            sent += error == SocketError.Success ? count : 0;
            var now = server.Sum(c => c.BytesReceived);
            full = error == SocketError.WouldBlock && now > 0 && now == received ? full + 1 : 0;
            received = now;
            await Task.Yield();
        }

        Assert.True(server.Sum(c => c.BytesReceived) < sent);
        Assert.InRange(server.Sum(c => c.BytesReceived), 1, 1 << 20);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_upload_that_is_echoed_waits_for_a_client_that_reads_slowly_and_loses_nothing(string backend)
    {
        await using var server = new TestServer(backend);
        using var socket = await server.ConnectAsync();
        var content = new byte[20_000_000];
        new Random(5).NextBytes(content);
        var sending = Task.Run(async () =>
        {
            await socket.SendAsync($"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {content.Length}\r\n\r\n");
            await socket.SendAllAsync(content);
        });

        // Nothing is read before the pipes are full in both directions: the server then holds its upload back.
        var received = -1L;
        for (var quiet = 0; quiet < 50;)
        {
            var now = server.Sum(c => c.BytesReceived);
            quiet = now > 0 && now == received ? quiet + 1 : 0;
            received = now;
            await Task.Yield();
        }

        Assert.False(sending.IsCompleted);
        var answer = await socket.ReadToEndAsync();
        await sending;
        Assert.True(answer.AsSpan(answer.Length - content.Length).SequenceEqual(content));
    }
}
