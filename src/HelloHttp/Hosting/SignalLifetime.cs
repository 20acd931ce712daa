using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace HelloHttp.Hosting;

/// <summary>
/// SIGINT and SIGTERM stop the server in order, and a second one ends the process at once. The framework's own console
/// lifetime has no second; it also announces itself on standard output.
/// </summary>
internal sealed class SignalLifetime(IHostApplicationLifetime application) : IHostLifetime, IDisposable
{
    // signal(7): a shell reports a process that ended by signal n as 128 + n.
    private const int Interrupted = 128 + 2;
    private const int Terminated = 128 + 15;

    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _signals;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) > 1)
            Environment.Exit(context.Signal == PosixSignal.SIGINT ? Interrupted : Terminated);
        application.StopApplication();
    }
}
