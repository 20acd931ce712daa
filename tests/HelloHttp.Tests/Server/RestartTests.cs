using System.Net;
using System.Net.Sockets;
using Mux;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>A listener that outlives the server that uses it, as a supervisor holds it (sd_listen_fds(3)).</summary>
public sealed class RestartTests
{
    private const int Clients = 8;

    [Fact]
    public async Task A_restart_behind_a_listener_that_was_handed_down_drops_nobody()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/bin/bash"))
            return;
        using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var server = await StartAsync(listener);
        using var over = new CancellationTokenSource();
        var answered = new int[Clients];
        var clients = Enumerable.Range(0, Clients)
            .Select(i => AskUntilAsync((IPEndPoint)listener.LocalAddress, answered, i, over.Token)).ToArray();
        for (var restart = 0; restart < 3; restart++)
        {
            await MoreAsync(answered, clients);
            server.Signal("TERM");
            Assert.Equal(0, (await server.ExitAsync()).ExitCode);
            server.Dispose();
            server = await StartAsync(listener);
        }

        await MoreAsync(answered, clients);
        await over.CancelAsync();
        await Task.WhenAll(clients);
        server.Dispose();
    }

    /// <summary>Until every client has had another answer, or one of them has failed.</summary>
    private static async Task MoreAsync(int[] answered, Task[] clients)
    {
        var before = answered.ToArray();
        await TestServer.Until(
            () => clients.Any(c => c.IsFaulted) || Enumerable.Range(0, Clients).All(i => Volatile.Read(ref answered[i]) > before[i]),
            "everybody is served");
        if (clients.FirstOrDefault(c => c.IsFaulted) is { } failed)
            await failed;
    }

    /// <summary>A connection for each request, so that some always wait in the listener's queue.</summary>
    private static async Task AskUntilAsync(IPEndPoint server, int[] answered, int index, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(server, CancellationToken.None);
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
            Interlocked.Increment(ref answered[index]);
        }
    }

    private static async Task<ServerProcess> StartAsync(ListenSocket listener)
    {
        listener.SetInheritable(true);
        var server = ServerProcess.Start([], shell: $"exec 3<&{listener.Socket.Descriptor}; export LISTEN_PID=$$ LISTEN_FDS=1");
        listener.SetInheritable(false);
        await server.WaitUntilServingAsync();
        return server;
    }
}
