using System.Globalization;
using System.IO.Pipes;
using Microsoft.Extensions.Hosting;

namespace HelloHttp.Processes;

/// <summary>
/// A worker process's line to its supervisor: it reports on a pipe, once, how its start went, and its standard input ends when it
/// is to stop, or when the supervisor is no more.
/// </summary>
/// <param name="assignment">What the supervisor has told it.</param>
internal sealed class SupervisorLink(WorkerAssignment assignment) : IDisposable
{
    /// <summary>What a worker that serves reports; anything else is why it cannot.</summary>
    internal const string Serving = "serving";

    private readonly AnonymousPipeClientStream _status =
        new(PipeDirection.Out, assignment.Status.ToString(CultureInfo.InvariantCulture));

    private bool _isReported;

    internal WorkerAssignment Assignment => assignment;

    /// <summary>Tells the supervisor that it serves.</summary>
    internal void ReportServing() => Report(Serving);

    /// <summary>Tells the supervisor, in one line, why it cannot serve.</summary>
    internal void ReportFailure(string reason) => Report(reason);

    /// <summary>Stops the application, in order, as soon as standard input has ended.</summary>
    internal void Follow(IHostApplicationLifetime application)
    {
        // A thread of its own, which sleeps in read: no loop needs to know.
        var thread = new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            Span<byte> ignored = stackalloc byte[16];
            while (input.Read(ignored) > 0)
            {
            }

            application.StopApplication();
        })
        {
            Name = "supervisor",
            IsBackground = true,
        };
        thread.UnsafeStart();
    }

    public void Dispose() => _status.Dispose();

    private void Report(string line)
    {
        // Once: what goes wrong later is the exit code's business.
        if (_isReported)
            return;
        _isReported = true;
        try
        {
            using var writer = new StreamWriter(_status);
            writer.WriteLine(line);
        }
        catch (IOException)
        {
            // The supervisor has ended; standard input says so too.
        }
    }
}

/// <summary>Follows the supervisor from the start of the host on.</summary>
internal sealed class SupervisorFollower(SupervisorLink supervisor, IHostApplicationLifetime application) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        supervisor.Follow(application);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
