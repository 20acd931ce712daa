using System.Collections.Concurrent;

namespace Mux.Contract.Sequences;

/// <summary>The situations that a run of generated sequences must have met often enough to mean something.</summary>
public enum Situation
{
    /// <summary>One event carried read and write readiness.</summary>
    ReadAndWriteMerged,

    /// <summary>A one-shot registration that was spent was reset by its peer.</summary>
    SpentOneShotReset,

    /// <summary>More registrations were ready than the span had room for.</summary>
    MoreReadyThanRoom,

    /// <summary>A number closed without Remove was really given out again and added.</summary>
    NumberReused,

    /// <summary>The backend dropped an event of a registration that was gone, spent or replaced.</summary>
    StaleEventDropped,

    /// <summary>A send met a full buffer.</summary>
    SendWouldBlock,

    /// <summary>Wake ended a Wait that was really blocked.</summary>
    WokenWhileBlocked,
}

/// <summary>Counts <see cref="Situation"/>s over the scenarios of one run.</summary>
public sealed class Coverage
{
    private readonly ConcurrentDictionary<Situation, long> _counts = new();

    /// <summary>Times the situation was met.</summary>
    public long this[Situation situation] => _counts.GetValueOrDefault(situation);

    /// <summary>Counts a situation.</summary>
    public void Count(Situation situation, long times = 1) => _counts.AddOrUpdate(situation, times, (_, old) => old + times);

    /// <summary>All counts in a line.</summary>
    public override string ToString() =>
        string.Join(", ", Enum.GetValues<Situation>().Select(situation => $"{situation} {this[situation]}"));
}
