namespace Mux;

/// <summary>Counters of one loop since it was created. Read from another thread they may be a turn apart from each other.</summary>
public readonly record struct EventLoopStatistics
{
    /// <summary>Times the loop went round: one Wait each.</summary>
    public long Turns { get; init; }

    /// <summary>Events delivered to watchers.</summary>
    public long Events { get; init; }

    /// <summary>Events dropped because an earlier handler of the same batch changed, ended or replaced their registration.</summary>
    public long StaleEvents { get; init; }

    /// <summary>Posted callbacks run.</summary>
    public long Posts { get; init; }

    /// <summary>Timers fired.</summary>
    public long Timers { get; init; }

    /// <summary>Watchers run again at their own request.</summary>
    public long RunAgains { get; init; }

    /// <summary>Exceptions that got out of handlers, timers and posted callbacks.</summary>
    public long Faults { get; init; }
}
