using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>What distinguishes the architectures.</summary>
public sealed partial class ArchitectureTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string LastGet = "GET / HTTP/1.0\r\n\r\n";

    public static TheoryData<string> All => Servers.All;

    public static TheoryData<string> Blocking => Servers.Blocking;

    public static TheoryData<string> Evented => [.. Backends.Names.Select(b => $"evented on {b}")];

    [Theory]
    [MemberData(nameof(Evented))]
    public async Task Evented_waits_before_every_accept_recv_and_send(string name)
    {
        const int Connections = 20;
        await using var server = new TestServer(name, o => o.Workers = 1);
        for (var i = 0; i < Connections; i++)
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync(LastGet);
            Assert.EndsWith("hello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        var statistics = await TestServer.OnLoop(server.Workers[0], () => server.Workers[0].Loop.Statistics);
        Assert.True(statistics.Events >= 3 * Connections, $"{statistics.Events} events");
        Assert.True(statistics.Turns >= 3 * Connections, $"{statistics.Turns} waits");
    }

    [Theory]
    [MemberData(nameof(Blocking))]
    public async Task A_connection_that_nothing_is_asked_of_gives_its_place_to_one_that_waits(string name)
    {
        await using var server = new TestServer(name, o => o.Workers = 1);
        using var idle = await server.ConnectAsync();
        await idle.SendAsync(Get);
        await idle.ReadResponseAsync();
        using var next = await server.ConnectAsync();
        await next.SendAsync(Get);
        Assert.EndsWith("hello", await next.ReadResponseAsync(), StringComparison.Ordinal);
        Assert.Empty(await idle.ReadToEndAsync());
    }

    [Theory]
    [MemberData(nameof(Blocking))]
    public async Task A_connection_that_never_rests_says_close_when_it_had_its_turn_and_others_wait(string name)
    {
        await using var server = new TestServer(name, o => o.Workers = 1);
        using var busy = await server.ConnectAsync();
        await busy.SendAsync(Get);
        await busy.ReadResponseAsync();
        using var next = await server.ConnectAsync();
        await next.SendAsync(Get);
        string answer;
        do
        {
            await busy.SendAsync(Get);
            answer = await busy.ReadResponseAsync();
            Assert.EndsWith("hello", answer, StringComparison.Ordinal);
        }
        while (!answer.Contains("Connection: close\r\n", StringComparison.Ordinal));

        Assert.EndsWith("hello", await next.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Blocking))]
    public async Task What_the_kernel_had_queued_when_the_stop_came_is_answered(string name)
    {
        await using var server = new TestServer(name, o => o.Workers = 1);
        using var first = await server.ConnectAsync();
        await first.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
        await TestServer.Until(() => server.Sum(c => c.BytesReceived) > 0, "the worker is busy");
        var waiting = new List<Socket>();
        for (var i = 0; i < 10; i++)
        {
            waiting.Add(await server.ConnectAsync());
            await waiting[i].SendAsync(Get);
        }

        var drain = server.DrainAsync(TimeSpan.FromSeconds(60));
        await first.SendAsync("abc");
        Assert.EndsWith("abc", await first.ReadTextToEndAsync(), StringComparison.Ordinal);
        foreach (var socket in waiting)
        {
            var answer = await socket.ReadTextToEndAsync();
            Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
            Assert.EndsWith("hello", answer, StringComparison.Ordinal);
            socket.Dispose();
        }

        Assert.Equal(0, await drain);
        Assert.Equal(11, server.Sum(c => c.Accepted));
        Assert.Equal(0, server.OpenConnections);
    }

    [Fact]
    public async Task Blocking_has_a_loop_for_every_address()
    {
        using var server = await ServerProcess.ServeAsync("--port", "0", "--architecture", "blocking");
        Assert.EndsWith(" (blocking, workers 1)", server.Line, StringComparison.Ordinal);
        foreach (var endPoint in server.EndPoints)
        {
            using var socket = await server.ConnectAsync(endPoint);
            await socket.SendAsync(LastGet);
            Assert.EndsWith("hello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        server.Signal("TERM");
        Assert.Equal((0, "", ""), await server.ExitAsync());
    }

    [Theory]
    [MemberData(nameof(Blocking))]
    public async Task Peers_that_take_too_long_are_not_waited_for_by_blocking_threads_either(string name)
    {
        var time = new FakeTimeProvider();
        await using var server = new TestServer(name, time: time);
        var start = time.GetUtcNow();
        TimeSpan Elapsed() => time.GetUtcNow() - start;

        // Whoever sends a byte now and then still has to come to an end.
        using (var slowHead = await server.ConnectAsync())
        {
            var answer = slowHead.ReadTextToEndAsync();
            await slowHead.SendAsync("GET / HTTP/1.1\r\nX: ");
            await TickUntil(time, answer, () => slowHead.SendAsync("x"));
            Assert.True(Elapsed() >= server.Options.HeaderTimeout);
            Assert.StartsWith("HTTP/1.1 408 ", await answer, StringComparison.Ordinal);
        }

        start = time.GetUtcNow();
        using (var slowBody = await server.ConnectAsync())
        {
            var answer = slowBody.ReadTextToEndAsync();
            await slowBody.SendAsync("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
            await TickUntil(time, answer, () => slowBody.SendAsync("x"));
            Assert.True(Elapsed() >= server.Options.BodyTimeout);
            Assert.StartsWith("HTTP/1.1 408 ", await answer, StringComparison.Ordinal);
        }

        start = time.GetUtcNow();
        using (var idle = await server.ConnectAsync())
        {
            await idle.SendAsync(Get);
            await idle.ReadResponseAsync();
            var answer = idle.ReadTextToEndAsync();
            await TickUntil(time, answer, () => Task.CompletedTask);
            Assert.True(Elapsed() >= server.Options.IdleTimeout);
            Assert.Empty(await answer);
        }

        Assert.Equal(2, server.Sum(c => c.TimedOut));
        using var stalled = await server.ConnectAsync();
        await stalled.SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        start = time.GetUtcNow();
        await TickUntil(time, TestServer.Until(() => server.Sum(c => c.TimedOut) == 3, "it is cut off"), () => Task.CompletedTask);
        Assert.True(Elapsed() >= server.Options.WriteTimeout);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_trace_tells_the_life_of_a_connection(string name)
    {
        using var text = new StringWriter();
        await using (var server = new TestServer(name, trace: text))
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync(LastGet);
            await socket.ReadToEndAsync();
            await TestServer.Until(() => server.OpenConnections == 0, "the connection ends");
        }

        var lines = text.ToString().TrimEnd().Split(Environment.NewLine);
        var steps = lines.Select(l => TraceLine().Match(l)).ToArray();
        Assert.All(steps, s => Assert.True(s.Success, text.ToString()));
        var times = steps.Select(s => long.Parse(s.Groups["us"].Value, null)).ToArray();
        Assert.Equal(times.Order(), times);
        Assert.All(steps, s => Assert.Equal("1", s.Groups["number"].Value));

        // Eager has to wait only if the request came later than the accept.
        var isEager = name.StartsWith("eager", StringComparison.Ordinal);
        var verbs = steps.Where(s => !isEager || (s.Groups["verb"].Value != "wait" && !s.Value.EndsWith("would block", StringComparison.Ordinal)))
            .Select(s => s.Groups["verb"].Value);
        var expected = name.Split(' ')[0] switch
        {
            "evented" => "accept wait recv parse wait send close",
            "threadpool" => "accept hand recv parse send close",
            _ => "accept recv parse send close",
        };
        Assert.Equal(expected, string.Join(' ', verbs));
        Assert.Contains(lines, l => l.EndsWith($"recv   {LastGet.Length} bytes", StringComparison.Ordinal));
    }

    /// <summary>Lets a second pass again and again until the server has seen enough of them.</summary>
    private static async Task TickUntil(FakeTimeProvider time, Task end, Func<Task> meanwhile)
    {
        while (!end.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            try
            {
                await meanwhile();
            }
            catch (SocketException)
            {
                // It has been refused meanwhile.
            }

            await Task.WhenAny(end, Task.Delay(5));
        }

        await end;
    }

    [GeneratedRegex(@"^\w+ \d+ +#(?<number>\d+) +(?<us>\d+) us  (?<verb>[a-z]+)( +\S.*)?$")]
    private static partial Regex TraceLine();
}
