using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>What the server tells its operator. Nothing here is on the way of a request that goes well.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Serving {Addresses} with {Backend} and {Workers} workers.")]
    internal static partial void Serving(ILogger logger, string addresses, string backend, int workers);

    [LoggerMessage(2, LogLevel.Information, "Stopping: no more connections are accepted, what is owed is answered.")]
    internal static partial void Draining(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "Stopped; {Connections} connections were cut off because the drain timeout was over.")]
    internal static partial void CutOff(ILogger logger, int connections);

    [LoggerMessage(4, LogLevel.Information, "Stopped; nothing is owed.")]
    internal static partial void Drained(ILogger logger);

    [LoggerMessage(5, LogLevel.Warning, "Accepting pauses: {Error} ({Failures} times since the last such line).")]
    internal static partial void AcceptPaused(ILogger logger, SocketError error, long failures);

    [LoggerMessage(6, LogLevel.Error, "{Loop}: a connection was ended by an error in the server.")]
    internal static partial void HandlerFailed(ILogger logger, string loop, Exception exception);

    [LoggerMessage(7, LogLevel.Warning, "A connection was closed because {Backend} could not wait for it: {Error}.")]
    internal static partial void CannotWait(ILogger logger, string backend, PollerError error);

    [LoggerMessage(8, LogLevel.Critical, "A loop has failed; the server stops.")]
    internal static partial void LoopFailed(ILogger logger, Exception exception);

    [LoggerMessage(9, LogLevel.Warning, "The access log cannot be written: {Reason}")]
    internal static partial void AccessLogFailed(ILogger logger, string reason);

    [LoggerMessage(20, LogLevel.Warning, "Worker {Index} (process {Pid}) ended after {Age:F1} s: {Reason}.")]
    internal static partial void WorkerEnded(ILogger logger, int index, int pid, string reason, double age);

    [LoggerMessage(21, LogLevel.Warning, "Worker {Index} is started again as process {Pid}.")]
    internal static partial void WorkerStarted(ILogger logger, int index, int pid);

    [LoggerMessage(22, LogLevel.Warning, "Worker {Index} ends too often; it is started again in {Delay} s.")]
    internal static partial void WorkerDelayed(ILogger logger, int index, double delay);

    [LoggerMessage(23, LogLevel.Error, "Worker {Index} cannot be started: {Reason}")]
    internal static partial void WorkerNotStarted(ILogger logger, int index, string reason);

    [LoggerMessage(24, LogLevel.Warning, "Worker process {Pid} did not stop within the drain timeout and is killed.")]
    internal static partial void WorkerKilled(ILogger logger, int pid);

    [LoggerMessage(25, LogLevel.Warning, "Worker process {Pid} ended with exit code {ExitCode} instead of draining.")]
    internal static partial void WorkerDrainedBadly(ILogger logger, int pid, int exitCode);

    [LoggerMessage(26, LogLevel.Information, "Stopped; all worker processes have ended.")]
    internal static partial void WorkersDrained(ILogger logger);
}
