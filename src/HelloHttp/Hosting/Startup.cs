using HelloHttp.Architectures;
using HelloHttp.Configuration;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>What is the same at the start of a server of threads and of one of processes.</summary>
internal static class Startup
{
    /// <summary>Refuses options that make no sense together.</summary>
    /// <param name="options">What the server is told to do.</param>
    /// <param name="pollers">The backend that was chosen.</param>
    /// <param name="backend">How it was chosen.</param>
    /// <returns>The architecture.</returns>
    /// <exception cref="StartupException">They make none; the message says why.</exception>
    internal static IArchitecture Check(ServerOptions options, IPollerFactory pollers, MuxOptions backend)
    {
        var architecture = Architecture.Find(options.Architecture)!;
        architecture.Check(options);
        if (!architecture.UsesPoller && backend.Backend is { Length: > 0 } named && !named.Equals(MuxOptions.Auto, StringComparison.OrdinalIgnoreCase))
        {
            throw new StartupException(
                $"--architecture {architecture.Name} sleeps in the system calls themselves, so --backend {named} makes no sense with it.");
        }

        if (options.Exclusive && options.Accept == AcceptMode.ReusePort)
        {
            throw new StartupException(
                "--exclusive chooses whom a shared listener wakes; with --accept reuseport no listener is shared.");
        }

        if (options.Exclusive && (pollers.Features & PollerFeatures.ExclusiveWakeUp) == 0)
        {
            throw new StartupException(
                $"--exclusive needs a kernel that wakes one of many waiters (EPOLLEXCLUSIVE of Linux); {pollers.BackendName} has no such thing. Leave it out, or try --backend epoll.");
        }

        if (options.WorkerModel == WorkerModel.Process)
            CheckProcesses(options);
        return architecture;
    }

    /// <summary>The line that says where the server is.</summary>
    internal static string Line(ServerOptions options, IArchitecture architecture, string backend, Listeners listeners)
    {
        var waiting = architecture.UsesPoller ? $", backend {backend}" : "";
        var processes = options.WorkerModel == WorkerModel.Process ? ", each a process" : "";
        var accept = options.Accept == AcceptMode.ReusePort ? ", reuseport" : options.Exclusive ? ", exclusive" : "";
        var urls = string.Join(" and ", listeners.Urls);
        return $"HelloHttp serves {urls} ({architecture.Name}{waiting}, workers {options.Workers}{processes}{accept})";
    }

    private static void CheckProcesses(ServerOptions options)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new StartupException(
                "--worker-model process needs listeners that a process inherits by number, which Windows does not offer; use --worker-model thread.");
        }

        // FileMode.Append is no O_APPEND: processes would write over each other's lines.
        if (options.AccessLog is { } log && log is not ("stdout" or "stderr"))
        {
            throw new StartupException(
                $"--access-log {log} is a file that one process writes; with --worker-model process use stdout or stderr, redirected.");
        }

        if (options.MaxConnections > 0 && options.MaxConnections < options.Workers)
        {
            throw new StartupException(
                $"--max-connections {options.MaxConnections} leaves some of the {options.Workers} worker processes without any connection; lower --workers.");
        }
    }
}
