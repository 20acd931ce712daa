using System.Net.Sockets;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>The process's descriptors: they come back, and running out of them is survived. Linux, where they can be counted.</summary>
public sealed class DescriptorTests
{
    private const int Limit = 200;
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    [Fact]
    public async Task After_many_clients_the_process_holds_as_many_descriptors_as_before()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var server = await ServerProcess.ServeAsync("--port", "0");
        var sockets = Sockets(server);
        await RequestAsync(server);
        await TestServer.Until(() => Sockets(server) == sockets, "the first client is gone");
        var before = Descriptors(server);
        for (var i = 0; i < 1000; i++)
            (await server.ConnectAsync()).Dispose();
        await RequestAsync(server);
        await TestServer.Until(() => Descriptors(server) <= before, "all descriptors are back");
    }

    [Theory]
    [InlineData("eager", 2)]
    [InlineData("evented", 2)]
    [InlineData("threadpool", 60)]
    public async Task When_descriptors_run_out_it_neither_spins_nor_floods_the_log_and_goes_on_when_clients_leave(
        string architecture, int workers)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var server = ServerProcess.Start(["--port", "0", "--host", "127.0.0.1", "--workers", $"{workers}", "--architecture", architecture], shell: $"ulimit -n {Limit}");
        await server.WaitUntilServingAsync();
        var start = TimeProvider.System.GetTimestamp();
        var clients = new List<Socket>();
        for (var i = 0; i < 300; i++)
        {
            clients.Add(await server.ConnectAsync());
            await clients[i].SendAsync("GET / HTTP/1.1\r\n");
        }

        // Up to what .NET needs to go on living: it starts threads now and then, and each takes descriptors.
        await TestServer.Until(() => Descriptors(server) >= Limit - (Limit / 8), "descriptors run out");

        // For the log to have something to tell: three of its lines are at least two seconds of trying.
        var failures = new List<int>();
        while (failures.Count < 3)
            failures.Add(Failures(await server.ReadErrorLineAsync()));
        var elapsed = TimeProvider.System.GetElapsedTime(start);

        // One that pauses tries ten times a second, and once more for each connection that ends; one that spins, for ever.
        Assert.InRange(failures.Sum(), 1, (workers + 1) * (10 * (elapsed.TotalSeconds + 1)));
        Assert.InRange(Descriptors(server), 0, Limit - (Limit / 16));
        foreach (var client in clients)
            client.Dispose();
        await RequestAsync(server);
        server.Signal("TERM");
        var (exitCode, _, errors) = await server.ExitAsync();
        Assert.Equal(0, exitCode);
        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds + 10;
        Assert.InRange(errors.Split('\n').Count(l => l.Contains("Accepting pauses", StringComparison.Ordinal)), 0, (int)seconds);
    }

    private static async Task RequestAsync(ServerProcess server)
    {
        using var socket = await server.ConnectAsync();
        await socket.SendAsync(Get);
        Assert.EndsWith("hello", await socket.ReadResponseAsync(), StringComparison.Ordinal);
    }

    private static int Descriptors(ServerProcess server) => Directory.GetFiles($"/proc/{server.Id}/fd").Length;

    private static int Sockets(ServerProcess server) => Directory.GetFiles($"/proc/{server.Id}/fd")
        .Count(f => new FileInfo(f).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false);

    /// <summary>The number in a line that says that accepting pauses.</summary>
    private static int Failures(string line)
    {
        var count = System.Text.RegularExpressions.Regex.Match(line, @"Accepting pauses: .*\((\d+) times");
        Assert.True(count.Success, line);
        return int.Parse(count.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }
}
