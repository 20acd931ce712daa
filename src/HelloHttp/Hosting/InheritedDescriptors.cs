using System.Globalization;

namespace HelloHttp.Hosting;

/// <summary>
/// Listening sockets handed down by a parent: the protocol of sd_listen_fds(3). LISTEN_PID says for which process,
/// LISTEN_FDS how many; they are the descriptors from 3 on.
/// </summary>
internal static class InheritedDescriptors
{
    private const int First = 3;

    /// <summary>The descriptors meant for this process, once: the variables are removed, so that no child takes them for its own.</summary>
    internal static IReadOnlyList<int> Take()
    {
        var isOurs = int.TryParse(
            Environment.GetEnvironmentVariable("LISTEN_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && pid == Environment.ProcessId;
        if (!isOurs || !int.TryParse(
                Environment.GetEnvironmentVariable("LISTEN_FDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return [];
        }

        foreach (var name in (ReadOnlySpan<string>)["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"])
            Environment.SetEnvironmentVariable(name, null);
        return [.. Enumerable.Range(First, count)];
    }
}
