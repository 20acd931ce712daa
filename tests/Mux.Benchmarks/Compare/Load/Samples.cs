namespace Mux.Benchmarks.Compare.Load;

/// <summary>What a few rounds of the same measurement say.</summary>
internal static class Samples
{
    /// <summary>The middle one, or the mean of the two in the middle; NaN of none.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            return double.NaN;
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Half the distance from smallest to largest as a share of the median: what to write behind a ±. 0 of fewer than two.</summary>
    internal static double Spread(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return all.Length < 2 ? 0 : (all.Max() - all.Min()) / 2 / Median(all);
    }
}
