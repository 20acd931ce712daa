namespace Mux;

/// <summary>
/// A loop's time, read at most once per batch and only when somebody asks: even a clock that costs no system
/// call is dear if it is read for every event. Not thread-safe; without a loop, its owner calls <see cref="NextBatch"/> by itself.
/// </summary>
/// <param name="timeProvider">Where time comes from.</param>
public sealed class LoopClock(TimeProvider timeProvider)
{
    private long _timestamp;
    private long _utcSecond;
    private bool _hasTimestamp;
    private bool _hasUtcSecond;

    /// <summary>Where time comes from.</summary>
    public TimeProvider TimeProvider { get; } = timeProvider ?? throw new ArgumentNullException(nameof(timeProvider));

    /// <summary>
    /// The monotonic time of this batch, in units of <see cref="System.TimeProvider.TimestampFrequency"/>: for durations and deadlines.
    /// </summary>
    public long Timestamp
    {
        get
        {
            if (_hasTimestamp)
                return _timestamp;
            _hasTimestamp = true;
            return _timestamp = TimeProvider.GetTimestamp();
        }
    }

    /// <summary>The wall clock of this batch in whole seconds since 1970 (UTC): what a Date field needs. It may jump.</summary>
    public long UtcSecond
    {
        get
        {
            if (_hasUtcSecond)
                return _utcSecond;
            _hasUtcSecond = true;
            return _utcSecond = TimeProvider.GetUtcNow().ToUnixTimeSeconds();
        }
    }

    /// <summary>The wall clock of this batch, to the second.</summary>
    public DateTimeOffset UtcNow => DateTimeOffset.FromUnixTimeSeconds(UtcSecond);

    /// <summary>The time between an earlier timestamp and this batch.</summary>
    /// <param name="earlier">An earlier <see cref="Timestamp"/>.</param>
    public TimeSpan Since(long earlier) => TimeProvider.GetElapsedTime(earlier, Timestamp);

    /// <summary>Forgets the readings; the next question reads anew. A loop calls it after each wait.</summary>
    public void NextBatch()
    {
        _hasTimestamp = false;
        _hasUtcSecond = false;
    }
}
