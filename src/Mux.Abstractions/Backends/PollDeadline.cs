using System.Diagnostics;

namespace Mux.Backends;

/// <summary>
/// When a Wait ends (contract rule 9). Counts on the monotonic clock, never rounds down, and takes years in its stride.
/// </summary>
public readonly struct PollDeadline
{
    private const long Never = long.MaxValue;
    private readonly long _end;

    private PollDeadline(long end) => _end = end;

    /// <summary>The deadline of a Wait that begins now. Reads the clock only for a finite timeout above zero.</summary>
    /// <param name="timeout">Zero, infinite, or any positive length.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another negative length.</exception>
    public static PollDeadline After(TimeSpan timeout)
    {
        if (timeout == TimeSpan.Zero)
            return default;
        if (timeout == Timeout.InfiniteTimeSpan)
            return new(Never);
        ArgumentOutOfRangeException.ThrowIfNegative(timeout.Ticks, nameof(timeout));

        var now = Stopwatch.GetTimestamp();
        var length = ((Int128)timeout.Ticks * Stopwatch.Frequency + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
        return new(length >= Never - now ? Never : now + (long)length);
    }

    /// <summary>The time left, rounded up to 100 ns; zero when it is over; infinite for a Wait without end.</summary>
    public TimeSpan Remaining()
    {
        if (_end == 0)
            return TimeSpan.Zero;
        if (_end == Never)
            return Timeout.InfiniteTimeSpan;
        var left = _end - Stopwatch.GetTimestamp();
        if (left <= 0)
            return TimeSpan.Zero;
        var ticks = ((Int128)left * TimeSpan.TicksPerSecond + Stopwatch.Frequency - 1) / Stopwatch.Frequency;
        return TimeSpan.FromTicks((long)ticks);
    }
}
