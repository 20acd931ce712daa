using HelloHttp.Configuration;
using Mux;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary><c>--accept reuseport</c> and <c>--exclusive</c>.</summary>
public sealed class AcceptModeTests
{
    [Theory]
    [InlineData("eager on epoll")]
    [InlineData("evented on select")]
    [InlineData("prefork")]
    public async Task Workers_with_listeners_of_their_own_all_get_connections_and_drain(string name)
    {
        if (!OperatingSystem.IsLinux())
            return;
        await using var server = new TestServer(name, o => o.Accept = AcceptMode.ReusePort);

        // The kernel deals connections out by a hash: none for one of a few workers among so many happens never.
        const int Connections = 100;
        for (var i = 0; i < Connections; i++)
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(Connections, server.Sum(c => c.Accepted));
        Assert.Equal(server.Options.Workers, server.Sum(c => c.Accepted > 0 ? 1 : 0));
        Assert.Equal(0, await server.DrainAsync(TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("eager")]
    [InlineData("evented")]
    public async Task Exclusive_loops_wait_for_the_listener_in_that_mode_and_serve(string architecture)
    {
        if (!OperatingSystem.IsLinux())
            return;
        await using var server = new TestServer($"{architecture} on epoll", o => o.Exclusive = true);
        for (var i = 0; i < 20; i++)
        {
            using var socket = await server.ConnectAsync();
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        foreach (var worker in server.Workers)
        {
            var registrations = await TestServer.OnLoop(worker, worker.Loop.Poller.GetRegistrations);
            Assert.Single(registrations, r => r.Mode == (PollMode.Level | PollMode.Exclusive) && r.Interest == Interest.Readable);
        }

        Assert.Equal(0, await server.DrainAsync(TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public async Task A_port_whose_listeners_another_server_shares_is_in_use()
    {
        if (!OperatingSystem.IsLinux())
            return;
        string[] reusePort = ["--accept", "reuseport", "--host", "127.0.0.1"];
        using var first = await ServerProcess.ServeAsync(["--port", "0", .. reusePort]);
        using var second = ServerProcess.Start(["--port", $"{first.EndPoints[0].Port}", .. reusePort]);
        var (exitCode, output, errors) = await second.ExitAsync();
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("it is in use", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }
}
