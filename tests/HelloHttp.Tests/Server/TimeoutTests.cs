using HelloHttp.Architectures;
using HelloHttp.Configuration;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>Peers that take too long, by a clock that the test moves.</summary>
public sealed class TimeoutTests
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _time = new();

    public static TheoryData<string> Available => Servers.Loops;

    [Theory]
    [MemberData(nameof(Available))]
    public async Task Half_a_head_gets_408_when_the_header_timeout_is_over_and_not_before(string backend)
    {
        await using var server = Start(backend);
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET / HTTP/1.1\r\nHo");
        await Received(server, 18);

        // More of it does not buy more time.
        _time.Advance(server.Options.HeaderTimeout / 2);
        await socket.SendAsync("st: a\r\n");
        await Received(server, 25);
        _time.Advance((server.Options.HeaderTimeout / 2) - Instant);
        Assert.Equal(1, await OpenAfterATurn(server));
        _time.Advance(Instant);
        var answer = await socket.ReadTextToEndAsync();
        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task An_idle_connection_is_closed_without_a_word(string backend)
    {
        await using var server = Start(backend);
        using var fresh = await server.ConnectAsync();
        using var used = await server.ConnectAsync();
        await used.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await used.ReadResponseAsync();
        await TestServer.Until(() => server.Sum(c => c.Accepted) == 2, "both are accepted");
        await OpenAfterATurn(server); // and wait
        _time.Advance(server.Options.IdleTimeout - Instant);
        Assert.Equal(2, await OpenAfterATurn(server));
        _time.Advance(Instant);
        Assert.Empty(await fresh.ReadToEndAsync());
        Assert.Empty(await used.ReadToEndAsync());
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task A_body_that_comes_too_slowly_gets_408_and_one_that_keeps_the_rate_does_not(string backend)
    {
        await using var server = Start(backend);
        using var slow = await server.ConnectAsync();
        using var steady = await server.ConnectAsync();
        const string Head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
        await slow.SendAsync(Head);
        await steady.SendAsync(Head);
        var stretch = (int)(server.Options.MinBodyRate * server.Options.BodyTimeout.TotalSeconds);
        var total = 2 * Head.Length;
        await Received(server, total);
        for (var i = 0; i < 3; i++)
        {
            await steady.SendAllAsync(new byte[stretch]);
            if (i == 0)
                await slow.SendAllAsync(new byte[stretch - 1]);
            await Received(server, total += i == 0 ? (2 * stretch) - 1 : stretch);
            _time.Advance(server.Options.BodyTimeout);
            await OpenAfterATurn(server);
            Assert.Equal(1, server.Sum(c => c.TimedOut));
        }

        Assert.StartsWith("HTTP/1.1 408 ", await slow.ReadTextToEndAsync(), StringComparison.Ordinal);
        await steady.SendAllAsync(new byte[100_000 - (3 * stretch)]);
        Assert.StartsWith("HTTP/1.1 200 ", await steady.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task A_peer_that_takes_nothing_of_its_answer_is_cut_off(string backend)
    {
        await using var server = Start(backend);
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        await Parked(server);
        _time.Advance(server.Options.WriteTimeout - Instant);
        Assert.Equal(1, await OpenAfterATurn(server));
        _time.Advance(Instant);
        await TestServer.Until(() => server.OpenConnections == 0, "the connection ends");
        Assert.Equal(1, server.Sum(c => c.TimedOut));
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task A_peer_that_takes_some_of_its_answer_in_time_is_not_cut_off(string backend)
    {
        await using var server = Start(backend);
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        for (var i = 0; i < 3; i++)
        {
            await Parked(server);
            _time.Advance(server.Options.WriteTimeout - Instant);
            var sent = server.Sum(c => c.BytesSent);
            while (server.Sum(c => c.BytesSent) == sent)
                await socket.ReadAsync(100_000);
        }

        Assert.Equal(1, await OpenAfterATurn(server));
        Assert.Equal(0, server.Sum(c => c.TimedOut));
    }

    [Theory]
    [MemberData(nameof(Available))]
    public async Task A_peer_that_takes_a_little_all_the_time_but_less_than_the_rate_is_cut_off(string backend)
    {
        await using var server = new TestServer(
            backend,
            o =>
            {
                o.Workers = 1;
                o.MinWriteRate = 100_000_000;
            },
            _time);
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        await Parked(server);
        _time.Advance(server.Options.WriteTimeout - Instant);
        await TakeSome(server, socket);
        await Parked(server);
        Assert.Equal(1, await OpenAfterATurn(server));
        _time.Advance(server.Options.WriteTimeout - Instant);

        // It takes something again and again, and never lets the wait for progress itself run out.
        try
        {
            while (server.OpenConnections == 1)
                await socket.ReadAsync(100_000);
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or EndOfStreamException)
        {
            // Cut off.
        }

        await TestServer.Until(() => server.OpenConnections == 0, "the connection ends");
        Assert.Equal(1, server.Sum(c => c.TimedOut));
    }

    /// <summary>The request of a client that was about to send when the server began to stop is not lost.</summary>
    [Theory]
    [MemberData(nameof(Available))]
    public async Task While_the_server_stops_an_idle_connection_is_open_for_its_grace_and_not_longer(string backend)
    {
        await using var server = Start(backend);
        using var idle = await server.ConnectAsync();
        using var late = await server.ConnectAsync();
        await late.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        await late.ReadResponseAsync();
        await TestServer.Until(() => server.Sum(c => c.Accepted) == 2, "both are accepted");
        await OpenAfterATurn(server); // and wait
        var drain = server.DrainAsync(TimeSpan.FromSeconds(60));
        await OpenAfterATurn(server);
        _time.Advance(Patience.Grace - Instant);
        Assert.Equal(2, await OpenAfterATurn(server));
        await late.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var answer = await late.ReadTextToEndAsync();
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nhello", answer, StringComparison.Ordinal);
        late.Dispose();
        _time.Advance(Instant);
        Assert.Empty(await idle.ReadToEndAsync());
        Assert.Equal(0, await drain);
    }

    private static async Task TakeSome(TestServer server, System.Net.Sockets.Socket socket)
    {
        var sent = server.Sum(c => c.BytesSent);
        while (server.Sum(c => c.BytesSent) == sent)
            await socket.ReadAsync(100_000);
    }

    private TestServer Start(string backend) => new(backend, (ServerOptions o) => o.Workers = 1, _time);

    /// <summary>Until so much has arrived and the loop has gone back to waiting.</summary>
    private static async Task Received(TestServer server, long bytes)
    {
        await TestServer.Until(() => server.Sum(c => c.BytesReceived) >= bytes, $"{bytes} bytes arrive");
        await OpenAfterATurn(server);
    }

    /// <summary>Until the kernel takes no more.</summary>
    private static async Task Parked(TestServer server)
    {
        for (long sent = -1, quiet = 0; quiet < 50;)
        {
            await OpenAfterATurn(server);
            var now = server.Sum(c => c.BytesSent);
            quiet = now > 0 && now == sent ? quiet + 1 : 0;
            sent = now;
        }
    }

    /// <summary>A post runs at the end of a turn, after the timers that were due in it.</summary>
    private static async Task<long> OpenAfterATurn(TestServer server)
    {
        await TestServer.OnLoop(server.Workers[0], () => 0);
        return await TestServer.OnLoop(server.Workers[0], () => server.OpenConnections);
    }
}
