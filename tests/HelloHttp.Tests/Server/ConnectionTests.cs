using System.Net.Sockets;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>How connections begin, go on and end.</summary>
public sealed class ConnectionTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    public static TheoryData<string> All => Servers.All;

    public static TheoryData<string> Loops => Servers.Loops;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_connection_is_kept_for_the_next_request(string backend)
    {
        await using var server = new TestServer(backend);
        using var socket = await server.ConnectAsync();
        for (var i = 0; i < 5; i++)
        {
            await socket.SendAsync(Get);
            Assert.EndsWith("\r\n\r\nhello", await socket.ReadResponseAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(1, server.Sum(c => c.Accepted));
        Assert.Equal(5, server.Sum(c => c.Requests));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Http10_ends_with_its_answer(string backend)
    {
        await using var server = new TestServer(backend);
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
        var answer = await socket.ReadTextToEndAsync();
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nhello", answer, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_client_that_half_closes_after_its_request_gets_the_answer(string backend)
    {
        await using var server = new TestServer(backend);
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET /bytes/3000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        socket.Shutdown(SocketShutdown.Send);
        var answer = await socket.ReadToEndAsync();
        Assert.True(answer.Length > 3_000_000);
        await TestServer.Until(() => server.OpenConnections == 0, "the connection ends");
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_refusal_reaches_a_client_that_is_still_sending(string backend)
    {
        await using var server = new TestServer(backend, o => o.Limits = o.Limits with { MaxBody = 1000 });
        for (var i = 0; i < 20; i++)
        {
            using var socket = await server.ConnectAsync();
            var answer = socket.ReadTextToEndAsync();
            await socket.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n");
            await socket.SendAllAsync(new byte[400_000]);
            socket.Shutdown(SocketShutdown.Send);
            Assert.StartsWith("HTTP/1.1 413 ", await answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Garbage_resets_and_clients_that_leave_do_not_disturb_others_and_no_descriptor_is_lost(string backend)
    {
        await using var server = new TestServer(backend);
        using var other = await server.ConnectAsync();
        await other.SendAsync(Get);
        await other.ReadResponseAsync();
        var random = new Random(1);
        for (var i = 0; i < 100; i++)
        {
            using var socket = await server.ConnectAsync();
            var garbage = new byte[2000];
            random.NextBytes(garbage);
            await socket.SendAllAsync(garbage);
        }

        for (var i = 0; i < 100; i++)
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly this");
            socket.LingerState = new LingerOption(true, 0);
        }

        for (var i = 0; i < 1000; i++)
            (await server.ConnectAsync()).Dispose();

        await other.SendAsync(Get);
        await other.ReadResponseAsync();
        await TestServer.Until(() => server.Sum(c => c.Accepted) == 1201, "all connections are accepted");
        await TestServer.Until(() => server.OpenConnections == 1, "all but one end");
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Thousands_of_pipelined_requests_do_not_starve_a_neighbour(string backend)
    {
        await using var server = new TestServer(backend, o => o.Workers = 1);
        using var greedy = await server.ConnectAsync();
        var greedyReads = DiscardAsync(greedy);
        var greedySends = SendForEverAsync(greedy);
        using var neighbour = await server.ConnectAsync();
        for (var i = 0; i < 50; i++)
        {
            await neighbour.SendAsync(Get);
            await neighbour.ReadResponseAsync();
        }

        Assert.False(greedySends.IsCompleted);
        greedy.Dispose();
        await Task.WhenAll(greedyReads, greedySends);
    }

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task More_connections_than_allowed_wait_until_others_end(string backend)
    {
        await using var server = new TestServer(backend, o => o.MaxConnections = 2);
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        foreach (var socket in (Socket[])[first, second])
        {
            await socket.SendAsync(Get);
            await socket.ReadResponseAsync();
        }

        using var third = await server.ConnectAsync();
        await third.SendAsync(Get);
        await second.SendAsync(Get);
        await second.ReadResponseAsync();
        Assert.Equal(2, server.OpenConnections);
        first.Dispose();
        Assert.EndsWith("hello", await third.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Mux.MuxOptions.Auto)]
    [InlineData("evented on " + Mux.MuxOptions.Auto)]
    [InlineData("prefork")]
    [InlineData("threadpool")]
    public async Task A_unix_domain_socket_serves_and_its_file_goes_with_the_server(string name)
    {
        var path = Path.Combine(Path.GetTempPath(), $"hello-{Guid.NewGuid():N}.sock");
        await using (var server = new TestServer(name, o => o.Host = $"unix:{path}"))
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("hello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        Assert.False(File.Exists(path));
    }

    private static async Task SendForEverAsync(Socket socket)
    {
        var requests = RawClient.Bytes(string.Concat(Enumerable.Repeat(Get, 1000)));
        try
        {
            while (true)
                await socket.SendAsync(requests);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task DiscardAsync(Socket socket)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory()) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
