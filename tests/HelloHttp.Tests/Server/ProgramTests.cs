using System.Net;
using System.Net.Sockets;
using Mux;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>The program as its user meets it: command line, configuration, errors at start, signals.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task It_says_in_one_line_where_it_serves_and_serves_there_on_every_address()
    {
        using var server = await ServerProcess.ServeAsync("--port", "0", "--workers", "1", "--body", "greetings");
        Assert.Matches(@"^HelloHttp serves http://\S+( and http://\S+)* \(eager, backend \w+, workers 1\)$", server.Line);
        Assert.Single(server.EndPoints.Select(e => e.Port).Distinct());
        Assert.Equal(LoopbackAddresses(), server.EndPoints.Select(e => e.Address));
        foreach (var endPoint in server.EndPoints)
        {
            using var socket = await server.ConnectAsync(endPoint);
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("\r\n\r\ngreetings", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        server.Signal("TERM");
        Assert.Equal((0, "", ""), await server.ExitAsync());
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_ends_it_in_order(string signal)
    {
        using var server = await ServerProcess.ServeAsync("--port", "0");
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100", System.Text.Encoding.ASCII.GetString(await socket.ReadAsync(25)), StringComparison.Ordinal);
        server.Signal(signal);
        await TestServer.Until(() => Refuses(server.EndPoints[0]), "the listener closes");
        await socket.SendAsync("abc");
        var answer = await socket.ReadTextToEndAsync();
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("abc", answer, StringComparison.Ordinal);
        Assert.Equal((0, "", ""), await server.ExitAsync());
    }

    [Theory]
    [InlineData("TERM", 143)]
    [InlineData("INT", 130)]
    public async Task A_second_signal_ends_it_at_once(string signal, int exitCode)
    {
        using var server = await ServerProcess.ServeAsync("--port", "0", "--drain-timeout", "1h");
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        await socket.ReadAsync(1000);
        server.Signal(signal);
        await TestServer.Until(() => Refuses(server.EndPoints[0]), "the listener closes");
        server.Signal(signal);
        Assert.Equal(exitCode, (await server.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task With_its_output_on_a_full_disk_it_serves()
    {
        if (!OperatingSystem.IsLinux())
            return;
        // It cannot say which port it got, so it gets a path.
        var path = Path.Combine(Path.GetTempPath(), $"hello-{Guid.NewGuid():N}.sock");
        using var server = ServerProcess.Start(["--host", $"unix:{path}", "--trace"], shell: "exec >/dev/full 2>/dev/full");
        await TestServer.Until(() => !Refuses(new UnixDomainSocketEndPoint(path)), "it serves");
        for (var i = 0; i < 3; i++)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        server.Signal("TERM");
        Assert.Equal(0, (await server.ExitAsync()).ExitCode);
    }

    [Theory]
    [InlineData("no value for --port", "--port", "65536")]
    [InlineData("no value for --workers", "--workers", "0")]
    [InlineData("no value for --idle-timeout", "--idle-timeout", "soon")]
    [InlineData("no value for --max-header-section", "--max-header-section", "1")]
    [InlineData("or evented or eager", "--architecture", "baroque")]
    [InlineData("no value for --trace", "--trace", "loudly")]
    [InlineData("blocking is one loop, so --workers 2 makes no sense", "--architecture", "blocking", "--workers", "2")]
    [InlineData("so --backend select makes no sense", "--architecture", "prefork", "--backend", "select")]
    [InlineData("expected thread or process", "--worker-model", "fibre")]
    [InlineData("expected shared or reuseport", "--accept", "1")]
    [InlineData("blocking is one loop, so --worker-model process", "--architecture", "blocking", "--worker-model", "process")]
    [InlineData("blocking is one loop, so --accept reuseport", "--architecture", "blocking", "--accept", "reuseport")]
    [InlineData("so --worker-model process makes no sense", "--architecture", "threadpool", "--worker-model", "process")]
    [InlineData("so --accept reuseport makes no sense", "--architecture", "threadpool", "--accept", "reuseport")]
    [InlineData("--exclusive is about waiting in a poller", "--architecture", "prefork", "--exclusive")]
    [InlineData("no listener is shared", "--exclusive", "--accept", "reuseport", "--port", "0")]
    [InlineData("--exclusive needs a kernel that wakes one", "--exclusive", "--backend", "select", "--port", "0")]
    [InlineData("a Unix domain socket has none", "--accept", "reuseport", "--host", "unix:/nowhere/socket")]
    [InlineData("--max-connections 1 leaves", "--worker-model", "process", "--workers", "2", "--max-connections", "1")]
    [InlineData("is a file that one process writes", "--worker-model", "process", "--access-log", "access.log")]
    [InlineData("no poller backend named 'foo'. Available", "--worker-model", "process", "--backend", "foo")]
    [InlineData("no poller backend named 'foo'. Available", "--backend", "foo")]
    [InlineData("does not have the address", "--host", "192.0.2.1")]
    [InlineData("neither an address nor a name", "--host", "1.2.3.4.5")]
    [InlineData("'--nonsense'", "--nonsense")]
    [InlineData("/nowhere/at-all.json", "--config", "/nowhere/at-all.json")]
    public async Task What_cannot_be_started_is_one_line_on_standard_error(string expected, params string[] arguments)
    {
        using var server = ServerProcess.Start(arguments);
        var (exitCode, output, errors) = await server.ExitAsync();
        Assert.NotEqual(0, exitCode);
        Assert.Empty(output);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_that_names_it()
    {
        using var first = await ServerProcess.ServeAsync("--port", "0");
        using var second = ServerProcess.Start(["--port", $"{first.EndPoints[0].Port}"]);
        var (exitCode, output, errors) = await second.ExitAsync();
        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.Contains($"127.0.0.1:{first.EndPoints[0].Port}: it is in use", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task The_command_line_wins_over_the_environment_and_the_environment_over_the_file()
    {
        var file = Path.Combine(Path.GetTempPath(), $"hello-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(
            file, """{ "HelloHttp": { "Port": 0, "Body": "file", "Workers": 7, "Host": "127.0.0.1" }, "Mux": { "Backend": "select" } }""");
        try
        {
            var environment = new Dictionary<string, string> { ["HelloHttp__Body"] = "environment", ["HelloHttp__Workers"] = "5" };
            using var server = ServerProcess.Start(["--config", file, "--workers", "3"], environment);
            await server.WaitUntilServingAsync();
            Assert.EndsWith("(eager, backend select, workers 3)", server.Line, StringComparison.Ordinal);
            using var socket = await server.ConnectAsync();
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("\r\n\r\nenvironment", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_configuration_file_that_is_no_JSON_is_one_line_that_names_it()
    {
        var file = Path.Combine(Path.GetTempPath(), $"hello-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(file, "{ \"HelloHttp\": { ");
        try
        {
            using var server = ServerProcess.Start(["--config", file]);
            var (exitCode, output, errors) = await server.ExitAsync();
            Assert.Equal((1, ""), (exitCode, output));
            Assert.Contains(file, errors, StringComparison.Ordinal);
            Assert.Single(errors.TrimEnd().Split('\n'));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_listener_that_a_parent_hands_down_is_served_in_place_of_host_and_port()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        listener.SetInheritable(true);
        using var server = ServerProcess.Start(
            ["--port", "1"], shell: $"exec 3<&{listener.Socket.Descriptor}; export LISTEN_PID=$$ LISTEN_FDS=1");
        listener.SetInheritable(false);
        await server.WaitUntilServingAsync();
        Assert.Equal(listener.LocalAddress, server.EndPoints.Single());
        listener.Dispose();
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
        Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "--port <number>")]
    [InlineData("--version", "0.")]
    public async Task Help_and_version_are_printed_and_nothing_is_served(string option, string expected)
    {
        using var server = ServerProcess.Start([option]);
        var (exitCode, output, errors) = await server.ExitAsync();
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    private static IPAddress[] LoopbackAddresses() =>
        [.. ((IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback]).Where(CanBind)];

    private static bool CanBind(IPAddress address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool Refuses(EndPoint endPoint)
    {
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(endPoint);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
