using System.Diagnostics;

namespace Mux.Benchmarks.Compare.Servers;

/// <summary>Which processors the server and the clients keep to, so that neither takes the other's time.</summary>
internal sealed class Pinning
{
    private readonly int[] _server;
    private readonly int[] _clients;

    private Pinning(int[] server, int[] clients)
    {
        _server = server;
        _clients = clients;
    }

    /// <summary>Leaves everything where the system puts it.</summary>
    internal static Pinning None { get; } = new([], []);

    internal bool IsPinned => _server.Length > 0;

    private bool IsTogether => IsPinned && _server.SequenceEqual(_clients);

    /// <summary>What was done, for the report.</summary>
    internal string Description => !IsPinned ? "not pinned: server and clients share the processors"
        : IsTogether ? $"server and clients together on processor {_server[0]}, the server in the scheduler's batch class"
        : $"server on processor {string.Join(", ", _server)}, clients on {string.Join(", ", _clients)}";

    /// <summary>One processor for each worker and each thread of clients, where there are enough and the system has taskset.</summary>
    /// <param name="workers">Workers of the server.</param>
    /// <param name="clientThreads">Threads of clients.</param>
    internal static Pinning For(int workers, int clientThreads)
    {
        var processors = Processors.Allowed;
        return OperatingSystem.IsLinux() && workers > 0 && workers + clientThreads <= processors.Length && Find("taskset") is not null
            ? new(processors[..workers], processors[workers..(workers + clientThreads)])
            : None;
    }

    /// <summary>
    /// Everybody on one processor: requests pile up while the clients have it, so that the server, when its turn comes, is as busy
    /// as can be, and what either side costs shows in the requests per second.
    /// </summary>
    internal static Pinning Together()
    {
        var processors = Processors.Allowed;
        return OperatingSystem.IsLinux() && processors.Length > 0 && Find("taskset") is not null && Find("chrt") is not null
            ? new(processors[..1], processors[..1])
            : None;
    }

    /// <summary>Sets the command that starts the server.</summary>
    /// <param name="start">Where.</param>
    /// <param name="command">The program and its arguments.</param>
    internal void Apply(ProcessStartInfo start, IEnumerable<string> command)
    {
        // A process of the batch class does not take the processor from another when it is woken (sched(7)).
        string[] batch = IsTogether ? [Find("chrt")!, "--batch", "0"] : [];
        string[] all = IsPinned ? [.. batch, Find("taskset")!, "-c", string.Join(',', _server), .. command] : [.. command];
        start.FileName = all[0];
        foreach (var argument in all[1..])
            start.ArgumentList.Add(argument);
    }

    /// <summary>Pins the calling thread, one of the clients.</summary>
    /// <param name="index">Its index.</param>
    internal void PinClient(int index)
    {
        if (!IsPinned || !OperatingSystem.IsLinux())
            return;
        Processors.Pin(_clients[index % _clients.Length]);
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
