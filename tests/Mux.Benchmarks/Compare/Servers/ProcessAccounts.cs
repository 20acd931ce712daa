using System.Diagnostics;
using System.Globalization;

namespace Mux.Benchmarks.Compare.Servers;

/// <summary>What the kernel keeps of a server, of its process and of those that it started.</summary>
internal static class ProcessAccounts
{
    // USER_HZ, in which /proc counts, is 100 on every system that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>User and system time of a process and its descendants, in seconds.</summary>
    /// <remarks>
    /// On Linux to the hundredth, from /proc; descendants that have ended are in their parent's sum. Elsewhere of the process
    /// alone. What the kernel does for a connection in the client's context, over loopback the handshake above all, is not in it.
    /// </remarks>
    /// <param name="process">The process.</param>
    internal static double Seconds(Process process)
    {
        if (!OperatingSystem.IsLinux())
        {
            process.Refresh();
            return process.TotalProcessorTime.TotalSeconds;
        }

        return Tree(process).Sum(entry => entry.Ticks) / TicksPerSecond;
    }

    /// <summary>How often the threads that run an event loop have gone to sleep: as often as something woke them.</summary>
    /// <remarks>
    /// A worker that the kernel wakes for a connection which another has accepted by then looks at the listener inside epoll_wait and
    /// sleeps again, and the program never hears of it: only the count of context switches tells.
    /// </remarks>
    /// <param name="process">The process.</param>
    /// <param name="architecture">What the names of those threads begin with.</param>
    /// <returns>Voluntary context switches; NaN where the system does not tell (anywhere but on Linux).</returns>
    internal static double LoopSleeps(Process process, string architecture) => OperatingSystem.IsLinux()
        ? Tree(process).Sum(entry => Directory.EnumerateDirectories($"/proc/{entry.Pid}/task").Sum(task => Sleeps(task, architecture)))
        : double.NaN;

    private static List<Entry> Tree(Process process)
    {
        var all = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), out var pid) ? Read(pid) : null)
            .OfType<Entry>()
            .ToLookup(entry => entry.Parent);
        List<Entry> tree = [.. Read(process.Id) is { } root ? [root] : Array.Empty<Entry>()];
        for (var i = 0; i < tree.Count; i++)
            tree.AddRange(all[tree[i].Pid]);
        return tree;
    }

    private static long Sleeps(string task, string architecture)
    {
        const string Counter = "voluntary_ctxt_switches:";
        try
        {
            return File.ReadAllText($"{task}/comm").StartsWith($"{architecture} ", StringComparison.Ordinal)
                ? long.Parse(
                    File.ReadLines($"{task}/status").First(line => line.StartsWith(Counter, StringComparison.Ordinal))[Counter.Length..],
                    CultureInfo.InvariantCulture)
                : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0; // It has ended.
        }
    }

    private static Entry? Read(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");

            // The name stands in parentheses and may hold anything; the third field follows the last of them (proc_pid_stat(5)).
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
            return new(pid, int.Parse(fields[1], CultureInfo.InvariantCulture), ticks);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // It has ended.
        }
    }

    private sealed record Entry(int Pid, int Parent, long Ticks);
}
