using System.Net.Sockets;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>An orderly stop.</summary>
public sealed class DrainTests
{
    public static TheoryData<string> Available => Servers.Concurrent;

    [Theory]
    [MemberData(nameof(Available))]
    public async Task What_was_received_is_answered_the_last_answer_says_close_and_nobody_new_gets_in(string backend)
    {
        await using var server = new TestServer(backend);
        using var streaming = await server.ConnectAsync();
        await streaming.SendAsync("GET /bytes/20000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        var start = await streaming.ReadAsync(1000);
        using var halfway = await server.ConnectAsync();
        await halfway.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
        await TestServer.Until(() => server.Sum(c => c.Accepted) == 2, "both are accepted");

        var drain = server.DrainAsync(TimeSpan.FromSeconds(60));
        await TestServer.Until(() => Refused(server), "the listener closes");
        await halfway.SendAsync("abc");
        var last = await halfway.ReadTextToEndAsync();
        Assert.Contains("Connection: close\r\n", last, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nabc", last, StringComparison.Ordinal);
        Assert.Equal(20_000_000, start.Length + (await streaming.ReadToEndAsync()).Length - HeadLength(start));
        Assert.Equal(0, await drain);
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task Idle_connections_are_closed_and_who_takes_too_long_is_cut_off(string backend)
    {
        await using var server = new TestServer(backend);
        using var idle = await server.ConnectAsync();
        using var stalled = await server.ConnectAsync();
        await stalled.SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        await TestServer.Until(() => server.Sum(c => c.BytesSent) > 0 && server.OpenConnections == 2, "both are there");
        Assert.Equal(1, await server.DrainAsync(TimeSpan.FromMilliseconds(600)));
        Assert.Empty(await idle.ReadToEndAsync());
        Assert.Equal(0, server.OpenConnections);
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task Under_load_not_one_request_that_was_sent_is_left_without_its_answer(string backend)
    {
        for (var round = 0; round < 5; round++)
        {
            await using var server = new TestServer(backend);
            var clients = Enumerable.Range(0, 32).Select(_ => RequestUntilClosedAsync(server)).ToArray();
            await TestServer.Until(
                () => server.Sum(c => c.Accepted) == clients.Length && server.Sum(c => c.Requests) > 500, "the load is there");
            Assert.Equal(0, await server.DrainAsync(TimeSpan.FromSeconds(60)));
            await Task.WhenAll(clients);
        }
    }

    /// <summary>Asks again and again; the answer that says close must be the last, and each must be whole.</summary>
    private static async Task RequestUntilClosedAsync(TestServer server)
    {
        using var socket = await server.ConnectAsync();
        while (true)
        {
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            var answer = await socket.ReadResponseAsync();
            Assert.EndsWith("\r\n\r\nhello", answer, StringComparison.Ordinal);
            if (answer.Contains("Connection: close\r\n", StringComparison.Ordinal))
                return;
        }
    }

    private static bool Refused(TestServer server)
    {
        using var socket = new Socket(server.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(server.EndPoint);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    private static int HeadLength(byte[] answer) => answer.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
}
