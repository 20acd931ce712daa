using System.Diagnostics;
using System.Globalization;

namespace Mux.Benchmarks.Compare.Servers;

/// <summary>The processor time of a server: of its process and of those that it started.</summary>
internal static class ProcessTimes
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

        var all = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), out var pid) ? Read(pid) : null)
            .OfType<Entry>()
            .ToLookup(entry => entry.Parent);
        var ticks = Read(process.Id)?.Ticks ?? 0;
        var pending = new Queue<int>([process.Id]);
        while (pending.TryDequeue(out var parent))
        {
            foreach (var child in all[parent])
            {
                ticks += child.Ticks;
                pending.Enqueue(child.Pid);
            }
        }

        return ticks / TicksPerSecond;
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
