using System.Text.Json;

namespace Mux.Benchmarks.Compare.Servers;

/// <summary>
/// What a server of ours counted over its life, its processes added up: the system calls of its sockets and pollers, and the
/// accepts and wake-ups that came to nothing. The calls of the runtime itself (locks, memory) are not among them.
/// </summary>
internal sealed record CounterTotals
{
    private static readonly string[] CallNames = ["accept", "recv", "send", "close", "other"];

    public int Processes { get; init; }

    public long Requests { get; init; }

    public long Accepted { get; init; }

    public long AcceptWouldBlocks { get; init; }

    public long WastedWakeUps { get; init; }

    /// <summary>
    /// Whether <see cref="Calls"/> are the system calls that were made. Not on select: System.Net.Sockets makes its own there,
    /// several for each registration, and nobody but a tracer can count them.
    /// </summary>
    public bool AreComplete { get; init; }

    /// <summary>System calls by what they are for: accept, recv, send, close, other, wait, change, wake.</summary>
    public required IReadOnlyDictionary<string, long> Calls { get; init; }

    /// <summary>Adds up the lines that a server printed when it ended.</summary>
    /// <param name="lines">All lines of its standard output.</param>
    /// <returns>The sums; null if there is no such line.</returns>
    internal static CounterTotals? Read(IEnumerable<string> lines)
    {
        var processes = 0;
        var complete = true;
        long requests = 0, accepted = 0, wouldBlocks = 0, wasted = 0;
        var calls = new Dictionary<string, long>();
        foreach (var line in lines.Where(l => l.StartsWith("{\"counters\":", StringComparison.Ordinal)))
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var poller = root.GetProperty("poller");
            processes++;
            complete &= root.GetProperty("backend").GetString() != "select" || poller.GetProperty("polls").GetInt64() == 0;
            requests += root.GetProperty("requests").GetInt64();
            accepted += root.GetProperty("accepted").GetInt64();
            wouldBlocks += root.GetProperty("acceptWouldBlocks").GetInt64();
            wasted += root.GetProperty("wastedWakeUps").GetInt64();
            foreach (var name in CallNames)
                Add(name, root.GetProperty("calls").GetProperty(name).GetInt64());
            Add("wait", poller.GetProperty("polls").GetInt64());
            Add("change", poller.GetProperty("changes").GetInt64());
            Add("wake", poller.GetProperty("wakes").GetInt64());
        }

        return processes == 0
            ? null
            : new()
            {
                Processes = processes,
                Requests = requests,
                Accepted = accepted,
                AcceptWouldBlocks = wouldBlocks,
                WastedWakeUps = wasted,
                AreComplete = complete,
                Calls = calls,
            };

        void Add(string name, long count) => calls[name] = calls.GetValueOrDefault(name) + count;
    }
}
