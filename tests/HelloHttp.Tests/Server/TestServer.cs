using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using HelloHttp.Architectures;
using HelloHttp.Architectures.Loops;
using HelloHttp.Configuration;
using HelloHttp.Hosting;
using HelloHttp.Http;
using HelloHttp.Tracing;
using Microsoft.Extensions.Logging.Abstractions;

namespace HelloHttp.Tests.Server;

/// <summary>A server in this process, on a free port of 127.0.0.1.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(60);

    private readonly ServerMetrics _metrics = new();
    private readonly IRunningServer _server;
    private bool _drained;

    /// <summary>Starts it.</summary>
    /// <param name="server">One of <see cref="Servers"/>, or a backend.</param>
    /// <param name="configure">Changes its options.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="trace">Where to trace to.</param>
    internal TestServer(
        string server, Action<ServerOptions>? configure = null, TimeProvider? time = null, TextWriter? trace = null)
    {
        var (architecture, backend, workers) = Servers.Parse(server);
        Options = new ServerOptions { Host = "127.0.0.1", Port = 0, Architecture = architecture.Name, Workers = workers };
        configure?.Invoke(Options);
        Service = new HttpService(Options.Limits, "hello"u8);
        var listeners = Listeners.Open(Options, architecture.Listening(Options));
        EndPoint = listeners.Sockets[0].LocalAddress;
        var logger = NullLogger.Instance;
        time ??= TimeProvider.System;
        _server = architecture.Start(new ServerContext(
            Options, Service, listeners, Backends.Factory(backend), _metrics, new Admission(Options.MaxConnections),
            new AcceptFailures(logger, time), logger, time, trace is null ? null : new Tracer(trace, time)));
    }

    internal ServerOptions Options { get; }

    internal HttpService Service { get; }

    internal EndPoint EndPoint { get; }

    internal IReadOnlyList<LoopWorker> Workers => ((LoopServer)_server).Workers;

    internal Meter Meter => _metrics.Meter;

    internal long OpenConnections => _metrics.Sum(c => c.Accepted - c.Closed);

    internal long Sum(Func<WorkerCounters, long> counter) => _metrics.Sum(counter);

    /// <summary>A connected client socket; what is sent leaves at once.</summary>
    internal async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        if (EndPoint is IPEndPoint)
            socket.NoDelay = true;
        await socket.ConnectAsync(EndPoint).WaitAsync(HangGuard);
        return socket;
    }

    /// <summary>Waits until something that the server's threads bring about has come about.</summary>
    internal static async Task Until(Func<bool> condition, string what)
    {
        var end = DateTime.UtcNow + HangGuard;
        while (!condition())
        {
            if (DateTime.UtcNow > end)
                throw new TimeoutException($"Not within {HangGuard}: {what}.");
            await Task.Yield();
        }
    }

    /// <summary>Asks a loop something on its own thread.</summary>
    internal static Task<T> OnLoop<T>(LoopWorker worker, Func<T> question)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        worker.Loop.Post(() => answer.SetResult(question()));
        return answer.Task.WaitAsync(HangGuard);
    }

    internal Task<int> DrainAsync(TimeSpan timeout)
    {
        _drained = true;
        return _server.DrainAsync(timeout).WaitAsync(HangGuard);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_drained)
            await DrainAsync(TimeSpan.Zero);
        await _server.DisposeAsync();
        _metrics.Dispose();
    }
}
