using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using HelloHttp.Processes;
using HelloHttp.Tests.Server;
using Xunit;

namespace HelloHttp.Tests.Processes;

/// <summary>
/// <c>--worker-model process</c>: the program as several processes. On Linux, which tells what processes there are.
/// </summary>
public sealed class SupervisorTests
{
    private const int Workers = 3;

    [Theory]
    [InlineData("eager", "shared")]
    [InlineData("eager", "reuseport")]
    [InlineData("evented", "shared")]
    [InlineData("prefork", "shared")]
    [InlineData("prefork", "reuseport")]
    public async Task Workers_are_processes_under_their_supervisor_and_each_serves(string architecture, string accept)
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var server = await ServeAsync("--architecture", architecture, "--accept", accept);
        Assert.Contains($"workers {Workers}, each a process", server.Line, StringComparison.Ordinal);
        var workers = ProcessTable.ChildrenOf(server.Id);
        Assert.Equal(Workers, workers.Count);
        Assert.All(workers, w => Assert.Equal(1, ProcessTable.ListenersOf(w, server.EndPoints[0].Port)));

        // Which worker accepts is the kernel's choice; one connection at a time, since a worker of prefork serves no more.
        const int Plenty = 500;
        var served = new HashSet<int>();
        for (var i = 0; i < Plenty && served.Count < Workers; i++)
        {
            using var socket = await server.ConnectAsync();
            served.Add(await AcceptedAsync(socket, workers));
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
            Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(workers, served.Order());
        server.Signal("TERM");
        Assert.Equal((0, "", ""), await server.ExitAsync());
        Assert.DoesNotContain(workers, ProcessTable.Runs);
    }

    [Theory]
    [InlineData("shared")]
    [InlineData("reuseport")]
    public async Task A_worker_killed_under_load_is_replaced_and_nobody_else_notices(string accept)
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var server = await ServeAsync("--accept", accept);
        var workers = ProcessTable.ChildrenOf(server.Id);
        var sockets = await ConnectToEachAsync(server, workers);
        var victim = workers[1];
        using var over = new CancellationTokenSource();
        var others = sockets.Where(s => s.Worker != victim).Select(s => new Client(s.Socket)).ToList();
        var asking = others.ConvertAll(c => c.AskUntilAsync(over.Token));
        await MoreAsync(others);

        Signal(victim, "KILL");
        Assert.All(
            await Task.WhenAll(sockets.Where(s => s.Worker == victim).Select(s => EndsAsync(s.Socket))), Assert.True);

        // Whoever comes now waits at most until the worker is replaced, and is served.
        for (var i = 0; i < 20; i++)
        {
            await AskAsync(server);
        }

        Assert.Matches($@"\(process {victim}\) ended .*signal 9", await server.ReadErrorLineAsync());
        Assert.Contains("is started again as process", await server.ReadErrorLineAsync(), StringComparison.Ordinal);
        await TestServer.Until(() => ProcessTable.ChildrenOf(server.Id).Count == Workers, "the worker is replaced");
        var replaced = ProcessTable.ChildrenOf(server.Id);
        Assert.DoesNotContain(victim, replaced);
        Assert.Equal(workers.Where(w => w != victim), replaced.Where(workers.Contains));
        var newcomers = await ConnectToEachAsync(server, replaced);
        await MoreAsync(others);
        await over.CancelAsync();
        await Task.WhenAll(asking);
        sockets.Concat(newcomers).ToList().ForEach(s => s.Socket.Dispose());
        server.Signal("TERM");
        Assert.Equal(0, (await server.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task A_worker_that_dies_young_again_and_again_is_started_later_each_time()
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var server = await ServeAsync();
        var others = ProcessTable.ChildrenOf(server.Id).ToList();
        var victim = others[0];
        others.RemoveAt(0);
        foreach (var delay in new[] { null, "0.25", "0.5" })
        {
            Signal(victim, "KILL");
            Assert.Matches($@"\(process {victim}\) ended .*signal 9", await server.ReadErrorLineAsync());
            if (delay is not null)
                Assert.Contains($"ends too often; it is started again in {delay} s.", await server.ReadErrorLineAsync(), StringComparison.Ordinal);
            await AskAsync(server);
            Assert.Contains("is started again as process", await server.ReadErrorLineAsync(), StringComparison.Ordinal);
            victim = Assert.Single(ProcessTable.ChildrenOf(server.Id).Except(others));
        }

        server.Signal("TERM");
        Assert.Equal(0, (await server.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task A_worker_that_cannot_be_started_is_tried_again_until_it_can()
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var installation = new Installation();
        using var server = ServerProcess.Start(Arguments(), program: installation.Program);
        await server.WaitUntilServingAsync();
        var workers = ProcessTable.ChildrenOf(server.Id);
        installation.Hide();
        Signal(workers[0], "KILL");
        Assert.Contains("signal 9", await server.ReadErrorLineAsync(), StringComparison.Ordinal);
        for (var i = 0; i < 3; i++)
        {
            Assert.Contains("cannot be started: ", await server.ReadErrorLineAsync(), StringComparison.Ordinal);
            Assert.Contains("it is started again in ", await server.ReadErrorLineAsync(), StringComparison.Ordinal);
            Assert.Equal(workers.Skip(1), ProcessTable.ChildrenOf(server.Id));
            await AskAsync(server);
        }

        installation.Show();
        await TestServer.Until(() => ProcessTable.ChildrenOf(server.Id).Count == Workers, "it is started");
        server.Signal("TERM");
        Assert.Equal(0, (await server.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task A_signal_drains_all_workers_and_leaves_none()
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var server = await ServeAsync();
        var workers = ProcessTable.ChildrenOf(server.Id);
        var sockets = await ConnectToEachAsync(server, workers);
        foreach (var (socket, _) in sockets)
        {
            await socket.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 100", System.Text.Encoding.ASCII.GetString(await socket.ReadAsync(25)), StringComparison.Ordinal);
        }

        server.Signal("TERM");
        await TestServer.Until(() => workers.All(w => ProcessTable.ListenersOf(w, server.EndPoints[0].Port) == 0), "nobody listens");
        foreach (var (socket, _) in sockets)
        {
            await socket.SendAsync("abc");
            var answer = await socket.ReadTextToEndAsync();
            Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
            Assert.EndsWith("abc", answer, StringComparison.Ordinal);
            socket.Dispose();
        }

        Assert.Equal((0, "", ""), await server.ExitAsync());
        Assert.DoesNotContain(workers, ProcessTable.Runs);
    }

    [Fact]
    public async Task A_second_signal_ends_supervisor_and_workers_at_once()
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var server = await ServeAsync("--drain-timeout", "1h");
        var workers = ProcessTable.ChildrenOf(server.Id);
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n");
        await socket.ReadAsync(1000);
        server.Signal("TERM");
        await TestServer.Until(() => workers.All(w => ProcessTable.ListenersOf(w, server.EndPoints[0].Port) == 0), "nobody listens");
        server.Signal("TERM");
        Assert.Equal(143, (await server.ExitAsync()).ExitCode);
        await TestServer.Until(() => !workers.Any(ProcessTable.Runs), "the workers end");
    }

    [Fact]
    public async Task Workers_whose_supervisor_is_killed_end_too()
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var server = await ServeAsync();
        var workers = ProcessTable.ChildrenOf(server.Id);
        Assert.Equal(Workers, workers.Count);
        server.Signal("KILL");
        await TestServer.Until(() => !workers.Any(ProcessTable.Runs), "the workers end");
    }

    [Fact]
    public async Task A_signal_during_the_start_leaves_nobody()
    {
        if (!ProcessTable.IsAvailable)
            return;
        using var server = ServerProcess.Start(["--port", "0", "--host", "127.0.0.1", "--worker-model", "process", "--workers", "2"]);
        var workers = new List<int>();
        await TestServer.Until(() => (workers = [.. ProcessTable.ChildrenOf(server.Id)]).Count == 2, "the workers are started");
        server.Signal("TERM");
        var (exitCode, _, _) = await server.ExitAsync();
        Assert.Equal(0, exitCode);
        await TestServer.Until(() => !workers.Any(ProcessTable.Runs), "the workers end");
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_drains_and_is_replaced_and_the_socket_file_stays()
    {
        if (!ProcessTable.IsAvailable)
            return;
        var file = Path.Combine(Path.GetTempPath(), $"hello-{Guid.NewGuid():N}.sock");
        using var server = ServerProcess.Start(["--host", $"unix:{file}", "--worker-model", "process", "--workers", "2"]);
        await server.WaitUntilServingAsync();
        var workers = ProcessTable.ChildrenOf(server.Id);
        Signal(workers[0], "TERM");
        await TestServer.Until(() => ProcessTable.ChildrenOf(server.Id) is { Count: 2 } now && !now.Contains(workers[0]), "it is replaced");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(file));
        await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
        Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
        server.Signal("TERM");
        Assert.Equal(0, (await server.ExitAsync()).ExitCode);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Each_process_reports_its_counters()
    {
        if (!ProcessTable.IsAvailable)
            return;
        const int Requests = 40;
        using var server = await ServeAsync("--report-counters");
        var workers = ProcessTable.ChildrenOf(server.Id);
        for (var i = 0; i < Requests; i++)
        {
            await AskAsync(server);
        }

        server.Signal("TERM");
        var (exitCode, output, _) = await server.ExitAsync();
        Assert.Equal(0, exitCode);
        var reports = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => System.Text.Json.Nodes.JsonNode.Parse(line)!).ToArray();
        Assert.Equal(workers, reports.Select(r => (int)r["pid"]!).Order());
        Assert.Equal(Requests, reports.Sum(r => (int)r["requests"]!));
        Assert.Equal(Requests, reports.Sum(r => (int)r["accepted"]!));
        Assert.All(reports, r => Assert.NotNull(r["wastedWakeUps"]));
    }

    [Fact]
    public async Task What_no_supervisor_has_written_makes_no_worker()
    {
        using var server = ServerProcess.Start(
            ["--port", "0"], new Dictionary<string, string> { [WorkerAssignment.Variable] = "nonsense" });
        var (exitCode, output, errors) = await server.ExitAsync();
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains(WorkerAssignment.Variable, Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    /// <summary>What the supervisor would then say in its own name.</summary>
    [Fact]
    public async Task A_worker_that_cannot_serve_tells_its_supervisor_why()
    {
        if (!ProcessTable.IsAvailable)
            return;
        const int Status = 8, Listener = 9;
        using var server = ServerProcess.Start(
            ["--port", "0"],
            new Dictionary<string, string> { [WorkerAssignment.Variable] = $"0 1 {Status} {Listener}" },
            shell: $"exec {Status}>&1 {Listener}</dev/null");
        var (exitCode, output, errors) = await server.ExitAsync();
        Assert.Equal((1, ""), (exitCode, errors));
        Assert.Contains($"{Listener}", Assert.Single(output.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private static Task<ServerProcess> ServeAsync(params string[] arguments) => ServerProcess.ServeAsync(Arguments(arguments));

    private static string[] Arguments(params string[] arguments) =>
        ["--port", "0", "--host", "127.0.0.1", "--worker-model", "process", "--workers", $"{Workers}", .. arguments];

    private static async Task AskAsync(ServerProcess server)
    {
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("GET / HTTP/1.0\r\n\r\n");
        Assert.EndsWith("\r\n\r\nhello", await socket.ReadTextToEndAsync(), StringComparison.Ordinal);
    }

    private static void Signal(int pid, string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Connects until each worker serves a connection: which one accepts is the kernel's choice.</summary>
    private static async Task<List<(Socket Socket, int Worker)>> ConnectToEachAsync(ServerProcess server, IReadOnlyList<int> workers)
    {
        const int Plenty = 500;
        var sockets = new Dictionary<int, Socket>();
        var spare = new List<Socket>();
        while (sockets.Count < workers.Count && spare.Count < Plenty)
        {
            var socket = await server.ConnectAsync();
            if (!sockets.TryAdd(await AcceptedAsync(socket, workers), socket))
                spare.Add(socket);
        }

        spare.ForEach(s => s.Dispose());
        Assert.Equal(workers.Count, sockets.Count);
        return [.. sockets.Select(s => (s.Value, s.Key))];
    }

    /// <summary>The worker that has accepted a connection, as soon as one has.</summary>
    private static async Task<int> AcceptedAsync(Socket socket, IReadOnlyList<int> workers)
    {
        var worker = 0;
        await TestServer.Until(() => (worker = ProcessTable.ServerOf(socket, workers)) != 0, "the connection is accepted");
        return worker;
    }

    /// <summary>Whether the connection ends without another byte.</summary>
    private static async Task<bool> EndsAsync(Socket socket)
    {
        try
        {
            return (await socket.ReadToEndAsync()).Length == 0;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionReset;
        }
    }

    /// <summary>Until every client has had fifty more answers, or one of them has failed.</summary>
    private static async Task MoreAsync(List<Client> clients)
    {
        const int More = 50;
        var before = clients.ConvertAll(c => c.Answers);
        await TestServer.Until(
            () => clients.Any(c => c.Failure is not null) || clients.Select((c, i) => c.Answers >= before[i] + More).All(enough => enough),
            "everybody is served");
        Assert.All(clients, c => Assert.Null(c.Failure));
    }

    /// <summary>The program copied to a folder of its own, where it can be missing for a while.</summary>
    private sealed class Installation : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hello-");

        internal Installation()
        {
            foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
                File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }

        internal string Program => Path.Combine(_folder.FullName, "HelloHttp");

        private string Hidden => Path.Combine(_folder.FullName, "hidden");

        internal void Hide() => File.Move(Program, Hidden);

        internal void Show() => File.Move(Hidden, Program);

        public void Dispose() => _folder.Delete(recursive: true);
    }

    /// <summary>Asks on one connection again and again.</summary>
    private sealed class Client(Socket socket)
    {
        private int _answers;

        internal int Answers => Volatile.Read(ref _answers);

        internal Exception? Failure { get; private set; }

        internal async Task AskUntilAsync(CancellationToken over)
        {
            try
            {
                while (!over.IsCancellationRequested)
                {
                    await socket.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
                    Assert.EndsWith("\r\n\r\nhello", await socket.ReadResponseAsync(), StringComparison.Ordinal);
                    Interlocked.Increment(ref _answers);
                }
            }
            catch (Exception e)
            {
                Failure = e;
            }
        }
    }
}
