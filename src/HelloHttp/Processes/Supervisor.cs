using HelloHttp.Configuration;
using HelloHttp.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mux;

namespace HelloHttp.Processes;

/// <summary>
/// The server as processes: binds, starts the workers, replaces those that end, and has all of them drain when it is told to
/// stop. It serves nothing itself, so nothing that a request does can harm it.
/// </summary>
/// <remarks>
/// It keeps the listeners open as long as it serves: while a worker is being replaced, connections wait in the kernel's queue
/// instead of being refused or reset.
/// </remarks>
internal sealed class Supervisor(
    ServerOptions options,
    IPollerFactory pollers,
    IOptions<MuxOptions> backend,
    TimeProvider time,
    ILogger<Supervisor> logger) : IHostedService, IDisposable
{
    // A worker keeps its own deadline; one that does not is not able to.
    private static readonly TimeSpan DrainMargin = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly WorkerProcess?[] _workers = new WorkerProcess?[options.Workers];
    private Task[] _supervised = [];
    private Listeners? _listeners;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var architecture = Startup.Check(options, pollers, backend.Value);
        _listeners = Listeners.Open(options, architecture.Listening(options));

        // However this process ends, if it still can do something, no worker is left behind. If it cannot, they notice.
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        try
        {
            var workers = Enumerable.Range(0, options.Workers).Select(i => Start(i)!).ToArray();
            foreach (var worker in workers)
            {
                var status = await worker.Status.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (status != SupervisorLink.Serving)
                    throw new StartupException(status ?? await DeathOfAsync(worker).ConfigureAwait(false));
            }

            _supervised = [.. workers.Select((worker, index) => SuperviseAsync(index, worker))];
        }
        catch (OperationCanceledException)
        {
            // Told to stop before it could serve: the host does so next.
            return;
        }
        catch
        {
            KillAll();
            _listeners.Dispose();
            throw;
        }

        ServerLog.Serving(logger, string.Join(" and ", _listeners.Urls), pollers.BackendName, options.Workers);
        Console.Out.TryWriteLine(Startup.Line(options, architecture, pollers.BackendName, _listeners));
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_listeners is null)
            return;
        ServerLog.Draining(logger);
        WorkerProcess[] workers;
        lock (_lock)
        {
            _stopping.Cancel();
            workers = [.. _workers.OfType<WorkerProcess>()];

            // The workers hold the same sockets and empty the queues before they close them: who closes last must not be
            // this process, which accepts nothing.
            _listeners.Dispose();
        }

        foreach (var worker in workers)
            worker.Drain();
        var ended = Task.WhenAll(workers.Select(w => w.Exited));
        var deadline = Task.Delay(options.DrainTimeout + DrainMargin, time, CancellationToken.None);
        if (await Task.WhenAny(ended, deadline).ConfigureAwait(false) == deadline)
        {
            foreach (var worker in workers.Where(w => !w.Exited.IsCompleted))
                ServerLog.WorkerKilled(logger, worker.Id);
            KillAll();
            await ended.ConfigureAwait(false);
        }

        await Task.WhenAll(_supervised).ConfigureAwait(false);
        foreach (var worker in workers.Where(w => w.ExitCode != 0))
            ServerLog.WorkerDrainedBadly(logger, worker.Id, worker.ExitCode);
        ServerLog.WorkersDrained(logger);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        KillAll();
        _listeners?.Dispose();
        foreach (var worker in _workers)
            worker?.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Waits for a worker's end and replaces it, again and again.</summary>
    private async Task SuperviseAsync(int index, WorkerProcess? worker)
    {
        var restart = new RestartDelay();
        while (true)
        {
            var age = TimeSpan.Zero;
            if (worker is not null)
            {
                await worker.Exited.ConfigureAwait(false);
                if (!Retire(index))
                    return;
                age = worker.Age;
                var reason = await worker.Status.ConfigureAwait(false) is { } status && status != SupervisorLink.Serving
                    ? status
                    : Code(worker);
                ServerLog.WorkerEnded(logger, index, worker.Id, reason, age.TotalSeconds);
                worker.Dispose();
            }

            var delay = restart.Next(age);
            await DelayAsync(index, delay).ConfigureAwait(false);
            worker = Restart(index);
            if (worker is not null)
                ServerLog.WorkerStarted(logger, index, worker.Id);
            else if (_stopping.IsCancellationRequested)
                return;
        }
    }

    private async Task DelayAsync(int index, TimeSpan delay)
    {
        if (delay == TimeSpan.Zero)
            return;
        ServerLog.WorkerDelayed(logger, index, delay.TotalSeconds);

        // Its own queue would hold connections for as long as that; without it the kernel gives them to the others.
        lock (_lock)
            _listeners!.Release(index);
        await Task.Delay(delay, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Forgets a worker that has ended.</summary>
    /// <returns>False if that is what it was told to do.</returns>
    private bool Retire(int index)
    {
        lock (_lock)
        {
            if (_stopping.IsCancellationRequested)
                return false;
            _workers[index] = null;
            return true;
        }
    }

    private WorkerProcess? Restart(int index)
    {
        try
        {
            return Start(index);
        }
        catch (StartupException e)
        {
            ServerLog.WorkerNotStarted(logger, index, e.Message);
            return null;
        }
    }

    /// <summary>Starts a worker.</summary>
    /// <returns>The worker; null if it is not wanted any more.</returns>
    private WorkerProcess? Start(int index)
    {
        lock (_lock)
        {
            if (_stopping.IsCancellationRequested)
                return null;
            return _workers[index] = WorkerProcess.Start(index, options.Workers, _listeners!.Regain(index), time);
        }
    }

    private void OnProcessExit(object? sender, EventArgs e) => KillAll();

    private void KillAll()
    {
        lock (_lock)
        {
            _stopping.Cancel();
            foreach (var worker in _workers)
                worker?.Kill();
        }
    }

    private static async Task<string> DeathOfAsync(WorkerProcess worker)
    {
        await worker.Exited.ConfigureAwait(false);
        return $"A worker process ended before it could serve ({Code(worker)}).";
    }

    private static string Code(WorkerProcess worker) => worker.ExitCode > 128
        ? $"signal {worker.ExitCode - 128}"
        : $"exit code {worker.ExitCode}";
}
