using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Mux.Benchmarks.Compare.Servers;

/// <summary>A server that runs in a process of its own: ours, a rival started by a command, or one that runs already.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const int SigTerm = 15;
    private const int MaxLines = 1000;

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);

    private readonly Process? _process;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private readonly TaskCompletionSource<Uri> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Variant variant, Process? process)
    {
        Variant = variant;
        _process = process;
    }

    internal Variant Variant { get; }

    /// <summary>Where it answers.</summary>
    internal Uri Url { get; private set; } = null!;

    /// <summary>Seconds of processor time it has used so far; NaN for a server that was not started here.</summary>
    internal double ProcessorSeconds => _process is null ? double.NaN : ProcessAccounts.Seconds(_process);

    /// <summary>See <see cref="ProcessAccounts.LoopSleeps"/>; NaN for a server that was not started here.</summary>
    internal double LoopSleeps => _process is null || Variant.Architecture is null
        ? double.NaN
        : ProcessAccounts.LoopSleeps(_process, Variant.Architecture);

    /// <summary>Starts the server and waits until it says where it is, or, if it is a rival, until it can be reached.</summary>
    /// <exception cref="ServerFailedException">It does not start; the message says what it said.</exception>
    internal static ServerProcess Start(Variant variant, Pinning pinning)
    {
        if (variant.Rival is not null && variant.Command is null)
            return new(variant, null) { Url = variant.Url! };

        var info = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        pinning.Apply(info, variant.Command is { } command ? Shell(command) : OurServer(variant));
        var process = new Process { StartInfo = info, EnableRaisingEvents = true };
        var server = new ServerProcess(variant, process);
        process.OutputDataReceived += (_, e) => server.OnOutput(e.Data);
        process.ErrorDataReceived += (_, e) => Keep(server._errors, e.Data);
        process.Exited += (_, _) => server._url.TrySetException(new ServerFailedException("it ended"));
        try
        {
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            server.Url = variant.Url ?? server.AwaitUrl();
            if (variant.Url is not null)
                server.AwaitReachable();
            return server;
        }
        catch (Exception e) when (e is ServerFailedException or System.ComponentModel.Win32Exception)
        {
            var reason = server.Explain(e.Message);
            server.Dispose();
            throw new ServerFailedException($"{variant.Label} does not start: {reason}");
        }
    }

    /// <summary>Ends it in order.</summary>
    /// <returns>What it counted; null if it doesn't say, and on Windows, where a process cannot be asked to end.</returns>
    internal CounterTotals? Stop()
    {
        if (_process is null)
            return null;
        if (!OperatingSystem.IsWindows() && !_process.HasExited && kill(_process.Id, SigTerm) == 0)
        {
            if (_process.WaitForExit(StopPatience))
                _process.WaitForExit(); // Waits for the rest of the output.
        }

        Dispose();
        lock (_output)
            return CounterTotals.Read(_output);
    }

    public void Dispose()
    {
        if (_process is null)
            return;
        try
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It was never started.
        }

        _process.Dispose();
    }

    /// <summary>The server of the same build, which lies beside this program.</summary>
    private static IEnumerable<string> OurServer(Variant variant)
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, "HelloHttp.dll");
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        return [dotnet, assembly, .. variant.Arguments()];
    }

    private static IEnumerable<string> Shell(string command) =>
        OperatingSystem.IsWindows() ? ["cmd.exe", "/c", command] : ["/bin/sh", "-c", $"exec {command}"];

    private static void Keep(List<string> lines, string? line)
    {
        lock (lines)
        {
            if (line is not null && lines.Count < MaxLines)
                lines.Add(line);
        }
    }

    private void OnOutput(string? line)
    {
        Keep(_output, line);
        if (line is not null && AnyUrl().Match(line) is { Success: true } match)
            _url.TrySetResult(new Uri(match.Value));
    }

    private Uri AwaitUrl()
    {
        var first = Task.WhenAny(_url.Task, Task.Delay(StartPatience)).GetAwaiter().GetResult();
        return first == _url.Task
            ? _url.Task.GetAwaiter().GetResult()
            : throw new ServerFailedException("it does not say where it serves");
    }

    private void AwaitReachable()
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new System.Net.Sockets.TcpClient();
                client.Connect(Url.Host, Url.Port);
                return;
            }
            catch (System.Net.Sockets.SocketException e)
            {
                if (_process!.HasExited || Stopwatch.GetElapsedTime(begun) > StartPatience)
                    throw new ServerFailedException($"{Url} cannot be reached: {e.Message}");

                // Nothing tells when a stranger has begun to listen: ask again.
                Thread.Sleep(50);
            }
        }
    }

    private string Explain(string reason)
    {
        if (_url.Task.IsFaulted)
            _process!.WaitForExit(); // Waits for the rest of the output.
        lock (_errors)
            return _errors.Count == 0 ? reason : string.Join(' ', _errors.Take(3));
    }

    [GeneratedRegex(@"http://[^\s,]+")]
    private static partial Regex AnyUrl();

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}

/// <summary>A server cannot be measured; the message says which one and why.</summary>
internal sealed class ServerFailedException(string message) : Exception(message);
