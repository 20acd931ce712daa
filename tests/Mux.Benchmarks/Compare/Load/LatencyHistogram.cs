using System.Numerics;

namespace Mux.Benchmarks.Compare.Load;

/// <summary>
/// Counts lengths of time in buckets that are never wider than 1/128 of their value, so that any percentile can be told to
/// within 0.8 % from a fixed amount of memory. Recording allocates nothing and costs a few nanoseconds.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBucketBits = 7;
    private const int SubBuckets = 1 << SubBucketBits;

    private readonly long[] _counts = new long[(64 - SubBucketBits) * SubBuckets];

    /// <summary>How many were recorded.</summary>
    internal long Count { get; private set; }

    /// <summary>The longest, exactly.</summary>
    internal long Max { get; private set; }

    /// <summary>Records a length of time.</summary>
    /// <param name="nanoseconds">How long; not negative.</param>
    internal void Record(long nanoseconds)
    {
        _counts[BucketOf(nanoseconds)]++;
        Count++;
        if (nanoseconds > Max)
            Max = nanoseconds;
    }

    /// <summary>Takes in what another one recorded.</summary>
    internal void Add(LatencyHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
            _counts[i] += other._counts[i];
        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The value that a share of what was recorded doesn't exceed: by nearest rank, rounded up to the end of its bucket.</summary>
    /// <param name="percent">More than 0, at most 100.</param>
    /// <returns>Nanoseconds; 0 if nothing was recorded.</returns>
    internal long Percentile(double percent)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(percent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        var rank = Math.Max(1, (long)Math.Ceiling((decimal)percent * Count / 100));
        long seen = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
                return Math.Min(EndOf(i), Max);
        }

        return Max;
    }

    // Values below 128 have a bucket each; above, the leading bit chooses a group and the next seven a bucket in it.
    private static int BucketOf(long value)
    {
        var shift = Math.Max(0, BitOperations.Log2((ulong)value | 1) - SubBucketBits);
        return shift == 0 && value < SubBuckets
            ? (int)value
            : ((shift + 1) * SubBuckets) + (int)(value >> shift) - SubBuckets;
    }

    private static long EndOf(int bucket)
    {
        if (bucket < SubBuckets)
            return bucket;
        var shift = (bucket / SubBuckets) - 1;
        return ((long)((bucket % SubBuckets) + SubBuckets + 1) << shift) - 1;
    }
}
