namespace Mux;

/// <summary>Timestamps and time spans have different units; every conversion here rounds so that nothing is early.</summary>
internal static class TimestampMath
{
    /// <summary>The timestamp so much later, rounded up; the latest there is if it lies beyond.</summary>
    internal static long Add(long timestamp, TimeSpan delay, long frequency)
    {
        // Int128 only where a long might overflow: Linux and macOS count nanoseconds, Windows tenths of microseconds.
        var factor = frequency / TimeSpan.TicksPerSecond;
        if (factor > 0 && factor * TimeSpan.TicksPerSecond == frequency && delay.Ticks < long.MaxValue / 4 / factor)
        {
            var sum = timestamp + (delay.Ticks * factor);
            return sum < timestamp ? long.MaxValue - 1 : sum;
        }

        var units = (((Int128)delay.Ticks * frequency) + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
        var later = timestamp + units;
        return later >= long.MaxValue ? long.MaxValue - 1 : (long)later;
    }

    /// <summary>The time until then, rounded up to a tick; zero if it has passed.</summary>
    internal static TimeSpan Until(long deadline, long now, long frequency)
    {
        if (deadline <= now)
            return TimeSpan.Zero;
        var units = (Int128)deadline - now;
        var ticks = ((units * TimeSpan.TicksPerSecond) + frequency - 1) / frequency;
        return ticks >= long.MaxValue ? TimeSpan.MaxValue : TimeSpan.FromTicks((long)ticks);
    }
}
