using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace HelloHttp.Tests.Processes;

/// <summary>What Linux tells of processes and their sockets (proc(5)).</summary>
internal static class ProcessTable
{
    /// <summary>Whether it tells.</summary>
    internal static bool IsAvailable => OperatingSystem.IsLinux();

    /// <summary>The processes that a process has started and that run, in the order of their numbers.</summary>
    internal static IReadOnlyList<int> ChildrenOf(int parent) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid != 0 && Read(pid) is { } process && process.Parent == parent && process.Runs)
            .Order(),
    ];

    /// <summary>Whether a process runs; one that has ended and waits for its parent to notice does not.</summary>
    internal static bool Runs(int pid) => Read(pid) is { Runs: true };

    /// <summary>Which of some processes serves a connection; 0 while none has accepted it.</summary>
    internal static int ServerOf(Socket client, IEnumerable<int> processes)
    {
        var inode = Inode((IPEndPoint)client.RemoteEndPoint!, (IPEndPoint)client.LocalEndPoint!);
        return inode is null or "0" ? 0 : processes.FirstOrDefault(pid => Descriptors(pid).Contains($"socket:[{inode}]"));
    }

    /// <summary>How many sockets that listen a process has on a port.</summary>
    internal static int ListenersOf(int pid, int port)
    {
        var sockets = Descriptors(pid).ToHashSet();
        return Sockets().Count(s => s.State == "0A" && s.Local.EndsWith($":{port:X4}", StringComparison.Ordinal) && sockets.Contains($"socket:[{s.Inode}]"));
    }

    private static string? Inode(IPEndPoint local, IPEndPoint remote) => Sockets()
        .FirstOrDefault(s => s.Local.EndsWith($":{local.Port:X4}", StringComparison.Ordinal) && s.Remote.EndsWith($":{remote.Port:X4}", StringComparison.Ordinal))
        .Inode;

    private static IEnumerable<(string Local, string Remote, string State, string Inode)> Sockets() =>
        from line in File.ReadLines("/proc/net/tcp").Skip(1)
        let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        select (fields[1], fields[2], fields[3], fields[9]);

    private static IEnumerable<string> Descriptors(int pid)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Select(path => new FileInfo(path).LinkTarget).OfType<string>()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // It has ended.
        }
    }

    private static (int Parent, bool Runs)? Read(int pid)
    {
        try
        {
            // The name stands in parentheses and may hold anything; the state and the parent follow the last of them.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), fields[0] is not ("Z" or "X"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
