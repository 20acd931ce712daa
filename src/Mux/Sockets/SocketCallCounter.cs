namespace Mux;

/// <summary>The counts of one thread: plain fields that it alone writes.</summary>
/// <remarks>
/// Guard each use with <see cref="IsOn"/>: a static read-only field, which the compiler that optimises knows as a constant, so
/// that nothing is left of the counting when it is off.
/// </remarks>
internal sealed class SocketCallCounter
{
    internal static readonly bool IsOn = AppContext.TryGetSwitch(SocketCallCounts.SwitchName, out var on) && on;

    private static readonly Lock Gate = new();
    private static readonly List<SocketCallCounter> All = [];

    [ThreadStatic]
    private static SocketCallCounter? OfThread;

    internal long Accepts;
    internal long Connects;
    internal long Receives;
    internal long Sends;
    internal long Closes;
    internal long Others;

    /// <summary>The calling thread's.</summary>
    internal static SocketCallCounter Current => OfThread ?? Begin();

    internal static SocketCallCounts Sum()
    {
        lock (Gate)
        {
            return new()
            {
                Accepts = All.Sum(c => Volatile.Read(ref c.Accepts)),
                Connects = All.Sum(c => Volatile.Read(ref c.Connects)),
                Receives = All.Sum(c => Volatile.Read(ref c.Receives)),
                Sends = All.Sum(c => Volatile.Read(ref c.Sends)),
                Closes = All.Sum(c => Volatile.Read(ref c.Closes)),
                Others = All.Sum(c => Volatile.Read(ref c.Others)),
            };
        }
    }

    /// <summary>Kept after the thread has ended: its calls were made.</summary>
    private static SocketCallCounter Begin()
    {
        var counter = new SocketCallCounter();
        lock (Gate)
            All.Add(counter);
        return OfThread = counter;
    }
}
