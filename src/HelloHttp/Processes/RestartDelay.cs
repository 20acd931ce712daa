namespace HelloHttp.Processes;

/// <summary>
/// How long to wait before a worker that has ended is started again: not at all the first time, and longer each time that it ends
/// young. A worker that cannot live must not keep the machine busy with its births.
/// </summary>
internal sealed class RestartDelay
{
    /// <summary>A worker that has lived so long was able to live; what happened before is forgotten.</summary>
    internal static readonly TimeSpan Youth = TimeSpan.FromSeconds(10);

    /// <summary>The longest delay.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(250);

    private TimeSpan _next;

    /// <summary>A worker has ended.</summary>
    /// <param name="age">How long it has lived.</param>
    /// <returns>How long to wait before the next is started.</returns>
    internal TimeSpan Next(TimeSpan age)
    {
        if (age >= Youth)
            _next = TimeSpan.Zero;
        var delay = _next;
        _next = delay == TimeSpan.Zero ? First : delay < Longest / 2 ? 2 * delay : Longest;
        return delay;
    }
}
