using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using HelloHttp.Configuration;

namespace HelloHttp.Tests.Server;

/// <summary>The real program as a process.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const int Sigint = 2;
    private const nint Default = 0;
    private const nint Ignored = 1;

    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private Task<string>? _errors;

    /// <summary>
    /// A shell starts what it puts in the background with SIGINT ignored. That is inherited down to the server, which respects it
    /// as every program should, so that a test would wait for a server that means to go on.
    /// </summary>
    static ServerProcess()
    {
        if (OperatingSystem.IsWindows())
            return;
        var former = signal(Sigint, Default);
        if (former != Ignored)
            signal(Sigint, former);
    }

    private ServerProcess(Process process) => _process = process;

    private Task<string> Errors => _errors ??= _process.StandardError.ReadToEndAsync();

    /// <summary>The next line on standard error; it is part of what <see cref="ExitAsync"/> returns no more.</summary>
    internal async Task<string> ReadErrorLineAsync() =>
        await _process.StandardError.ReadLineAsync().WaitAsync(HangGuard) ?? throw new EndOfStreamException("The process has ended.");

    /// <summary>The line that says where it serves.</summary>
    internal string Line { get; private set; } = "";

    internal int Id => _process.Id;

    /// <summary>Starts it; it may fail.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="shell">A shell command to run before, <c>ulimit -n 100</c> for example.</param>
    /// <param name="program">An executable to start in place of dotnet and the assembly.</param>
    internal static ServerProcess Start(
        IEnumerable<string> arguments, Dictionary<string, string>? environment = null, string? shell = null, string? program = null)
    {
        var start = new ProcessStartInfo
        {
            FileName = program ?? (shell is null ? "dotnet" : "bash"), // dash takes no descriptor above 9 in a redirection
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        if (shell is not null)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"{shell}; exec dotnet \"$@\"");
            start.ArgumentList.Add("bash");
        }

        if (program is null)
            start.ArgumentList.Add(typeof(ServerOptions).Assembly.Location);
        else
            start.Environment["DOTNET_ROOT"] = Path.GetDirectoryName(Environment.ProcessPath);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        return new ServerProcess(Process.Start(start)!);
    }

    /// <summary>Starts it and waits until it serves.</summary>
    internal static async Task<ServerProcess> ServeAsync(params string[] arguments)
    {
        var server = Start(arguments);
        await server.WaitUntilServingAsync();
        return server;
    }

    internal async Task WaitUntilServingAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(HangGuard);
        Line = line ?? throw new InvalidOperationException($"It does not serve: {await Errors}");
    }

    /// <summary>The addresses in <see cref="Line"/>.</summary>
    internal IReadOnlyList<IPEndPoint> EndPoints =>
    [
        .. Line.Split(' ').Where(w => w.StartsWith("http://", StringComparison.Ordinal))
            .Select(w => IPEndPoint.Parse(w["http://".Length..])),
    ];

    internal async Task<Socket> ConnectAsync(IPEndPoint? endPoint = null)
    {
        endPoint ??= EndPoints[0];
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint).WaitAsync(HangGuard);
        return socket;
    }

    internal void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Exit code, and what else it wrote.</returns>
    internal async Task<(int ExitCode, string Output, string Errors)> ExitAsync()
    {
        var errors = Errors;
        var output = await _process.StandardOutput.ReadToEndAsync().WaitAsync(HangGuard);
        await _process.WaitForExitAsync().WaitAsync(HangGuard);
        return (_process.ExitCode, output, await errors);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);
}
