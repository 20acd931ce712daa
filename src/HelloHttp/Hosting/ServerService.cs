using System.Text;
using HelloHttp.Architectures;
using HelloHttp.Configuration;
using HelloHttp.Http;
using HelloHttp.Processes;
using HelloHttp.Tracing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>The server as a part of the host: binds and serves when the host starts, drains when it stops.</summary>
internal sealed class ServerService(
    ServerOptions options,
    IPollerFactory pollers,
    IOptions<MuxOptions> backend,
    ServerMetrics metrics,
    TimeProvider time,
    IHostApplicationLifetime application,
    ILogger<ServerService> logger,
    SupervisorLink? supervisor = null) : IHostedService, IAsyncDisposable
{
    private const int Failed = 1;

    private IRunningServer? _server;
    private AccessLog? _accessLog;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var service = new HttpService(options.Limits, Encoding.UTF8.GetBytes(options.Body));
        var architecture = Startup.Check(options, pollers, backend.Value);
        var listeners = Listeners.Open(options, architecture.Listening(options));
        try
        {
            if (options.AccessLog is { } target)
                metrics.Add(_accessLog = new AccessLog(AccessLog.Open(target), options.AccessLogIsJson, options.Assignment is not null, logger));
            var context = new ServerContext(
                options, service, listeners, pollers, metrics, new Admission(options.MaxConnections),
                new AcceptFailures(logger, time), logger, time,
                options.Trace ? new Tracer(Console.Out, time) : null, _accessLog);
            _server = architecture.Start(context);
        }
        catch (Exception e) when (e is IOException or OutOfMemoryException)
        {
            listeners.Dispose();
            var reason = e is IOException ? e.Message : "there is not memory, or not descriptors, enough for so many threads.";
            throw new StartupException($"Cannot make {options.Workers} workers: {reason}", e);
        }
        catch
        {
            listeners.Dispose();
            throw;
        }

        ServerLog.Serving(logger, string.Join(" and ", listeners.Urls), pollers.BackendName, options.Workers);
        if (supervisor is null)
            Console.Out.TryWriteLine(Startup.Line(options, architecture, pollers.BackendName, listeners));
        else
            supervisor.ReportServing();

        // Half a server is none: whoever supervises the process starts a whole one.
        _ = _server.Completion.ContinueWith(OnLoopFailed, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_server is null)
            return;
        ServerLog.Draining(logger);
        var cut = await _server.DrainAsync(options.DrainTimeout).ConfigureAwait(false);
        if (cut > 0)
            ServerLog.CutOff(logger, cut);
        else
            ServerLog.Drained(logger);
        if (options.ReportCounters)
            WriteWhole(CounterReport.ToJson(options, pollers.BackendName, metrics));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync().ConfigureAwait(false);
        _accessLog?.Dispose();
    }

    /// <summary>
    /// Writes a line at once: the console's writer cuts it into pieces, and those of several worker processes would mix.
    /// </summary>
    private static void WriteWhole(string line)
    {
        using var output = Console.OpenStandardOutput();
        output.Write(Encoding.UTF8.GetBytes(line + Environment.NewLine));
    }

    private void OnLoopFailed(Task completion)
    {
        ServerLog.LoopFailed(logger, completion.Exception!.GetBaseException());
        Environment.ExitCode = Failed;
        application.StopApplication();
    }
}
