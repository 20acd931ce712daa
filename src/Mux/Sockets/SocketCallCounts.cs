namespace Mux;

/// <summary>
/// How many system calls <see cref="EagerSocket"/> and <see cref="ListenSocket"/> have made in this process, all threads
/// together: what a tracer would count, without one.
/// </summary>
/// <remarks>
/// Counted only if the AppContext switch <see cref="SwitchName"/> was on when the first socket was used; otherwise the
/// counting is compiled away and everything stays 0. Each call counts, whether it succeeded, would have blocked or failed; one
/// that a signal interrupted and that was repeated counts each time. Sockets that go through System.Net.Sockets (on Windows)
/// are not counted. Bind, listen and the options of set-up are not either: they belong to no request.
/// </remarks>
public readonly record struct SocketCallCounts
{
    /// <summary>The AppContext switch that turns counting on: <c>Mux.CountSocketCalls</c>.</summary>
    public const string SwitchName = "Mux.CountSocketCalls";

    /// <summary>accept4, or accept where there is none.</summary>
    public long Accepts { get; init; }

    /// <summary>connect, with the socket made for it as one of <see cref="Others"/>.</summary>
    public long Connects { get; init; }

    /// <summary>recv.</summary>
    public long Receives { get; init; }

    /// <summary>send and sendmsg.</summary>
    public long Sends { get; init; }

    /// <summary>close.</summary>
    public long Closes { get; init; }

    /// <summary>shutdown, socket, and the options and names asked for or set on the way.</summary>
    public long Others { get; init; }

    /// <summary>All of them.</summary>
    public long Total => Accepts + Connects + Receives + Sends + Closes + Others;

    /// <summary>Whether calls are counted in this process.</summary>
    public static bool AreCounted => SocketCallCounter.IsOn;

    /// <summary>The counts up to now; those of other threads may be a moment old.</summary>
    public static SocketCallCounts Read() => SocketCallCounter.Sum();
}
