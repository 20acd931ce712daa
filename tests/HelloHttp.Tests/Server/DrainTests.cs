using System.Net.Sockets;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>An orderly stop.</summary>
public sealed class DrainTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    public static TheoryData<string> Available => Servers.Concurrent;

    public static TheoryData<string> Loops => Servers.Loops;

    public static TheoryData<string> Threads => Servers.Blocking;

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
    [MemberData(nameof(Loops))]
    public async Task Under_load_with_loops_not_one_request_that_was_received_is_left_without_its_answer(string backend)
    {
        for (var round = 0; round < 5; round++)
        {
            await using var server = new TestServer(backend);
            var clients = Enumerable.Range(0, 32).Select(_ => RequestUntilClosedAsync(server)).ToArray();
            await TestServer.Until(
                () => server.Sum(c => c.Accepted) == clients.Length && server.Sum(c => c.Requests) > 500, "the load is there");
            Assert.Equal(0, await server.DrainAsync(TimeSpan.FromSeconds(60)));
            await Task.WhenAll(clients);
            Assert.Equal(server.Sum(c => c.BytesReceived), Get.Length * server.Sum(c => c.Requests));
        }
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task Clients_that_come_again_and_again_do_not_hold_up_a_stop(string backend)
    {
        await using var server = new TestServer(backend);
        var clients = Enumerable.Range(0, 16).Select(_ => Task.Run(() => ComeAgain(server))).ToArray();
        await TestServer.Until(() => server.Sum(c => c.Requests) > 200, "they are there");
        await server.DrainAsync(TimeSpan.FromSeconds(60));
        await Task.WhenAll(clients);
        Assert.Equal(0, server.OpenConnections);

        static async Task ComeAgain(TestServer server)
        {
            try
            {
                while (true)
                {
                    using var socket = await server.ConnectAsync();
                    await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
                    await socket.ReadToEndAsync();
                }
            }
            catch (SocketException)
            {
                // Refused, or reset in the queue: nobody listens any more.
            }
        }
    }

    /// <summary>
    /// More clients than threads. A connection that rests while others wait gives its place up, as HTTP allows, and its client
    /// may just then be about to send; but whatever the server has received it answers.
    /// </summary>
    [Theory]
    [MemberData(nameof(Threads))]
    public async Task Under_load_not_one_request_that_was_received_is_left_without_its_answer(string server)
    {
        for (var round = 0; round < 3; round++)
        {
            await using var running = new TestServer(server);
            var clients = Enumerable.Range(0, 32).Select(_ => RequestUntilClosedAsync(running)).ToArray();
            await TestServer.Until(() => running.Sum(c => c.Requests) > 500, "the load is there");
            Assert.Equal(0, await running.DrainAsync(TimeSpan.FromSeconds(60)));
            await Task.WhenAll(clients);
            Assert.Equal(running.Sum(c => c.BytesReceived), Get.Length * running.Sum(c => c.Requests));
        }
    }

    /// <summary>Asks again and again; the answer that says close must be the last, and each must be whole.</summary>
    /// <returns>Whether there was such an answer; otherwise the connection ended in order between two of them.</returns>
    private static async Task<bool> RequestUntilClosedAsync(TestServer server)
    {
        using var socket = await server.ConnectAsync();
        while (true)
        {
            try
            {
                await socket.SendAsync(Get);
                if (await socket.ReceiveAsync(new byte[1], SocketFlags.Peek) == 0)
                    return false;
            }
            catch (SocketException)
            {
                // It was idle for longer than a stop waits, and closed while this was on its way.
                return false;
            }

            var answer = await socket.ReadResponseAsync();
            Assert.EndsWith("\r\n\r\nhello", answer, StringComparison.Ordinal);
            if (answer.Contains("Connection: close\r\n", StringComparison.Ordinal))
                return true;
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
