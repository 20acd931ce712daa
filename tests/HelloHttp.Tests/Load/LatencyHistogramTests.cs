using FsCheck.Fluent;
using FsCheck.Xunit;
using Mux.Benchmarks.Compare.Load;
using Xunit;
using Property = FsCheck.Property;

namespace HelloHttp.Tests.Load;

public class LatencyHistogramTests
{
    private static readonly double[] Percents = [0.1, 1, 25, 50, 75, 90, 99, 99.9, 100];

    [Fact]
    public void Nothing_recorded_has_no_latency() => Assert.Equal(0, new LatencyHistogram().Percentile(50));

    [Fact]
    public void Small_values_are_told_exactly()
    {
        var histogram = new LatencyHistogram();
        for (var value = 1; value <= 100; value++)
            histogram.Record(value);

        Assert.Equal(50, histogram.Percentile(50));
        Assert.Equal(99, histogram.Percentile(99));
        Assert.Equal(100, histogram.Percentile(100));
        Assert.Equal(1, histogram.Percentile(1));
    }

    [Fact]
    public void The_longest_is_told_exactly()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(1_234_567_891);
        histogram.Record(5);

        Assert.Equal(1_234_567_891, histogram.Max);
        Assert.Equal(1_234_567_891, histogram.Percentile(100));
    }

    [Fact]
    public void One_outlier_in_a_thousand_shows_at_the_last_percentile_only()
    {
        var histogram = new LatencyHistogram();
        for (var i = 0; i < 999; i++)
            histogram.Record(100);
        histogram.Record(1_000_000);

        Assert.Equal(100, histogram.Percentile(99.9));
        Assert.Equal(1_000_000, histogram.Percentile(100));
    }

    [Property(MaxTest = 200)]
    public Property A_percentile_is_the_nearest_rank_or_up_to_a_128th_more() => Prop.ForAll(
        Values().ToArbitrary(),
        values =>
        {
            var histogram = new LatencyHistogram();
            foreach (var value in values)
                histogram.Record(value);
            long[] sorted = [.. values.Order()];
            return Array.TrueForAll(Percents, percent =>
            {
                var exact = sorted[Math.Max(1, (int)Math.Ceiling((decimal)percent * sorted.Length / 100)) - 1];
                var told = histogram.Percentile(percent);
                return told >= exact && told - exact <= exact / 128;
            });
        });

    [Property(MaxTest = 100)]
    public Property Adding_two_is_recording_both() => Prop.ForAll(
        Values().ToArbitrary(),
        Values().ToArbitrary(),
        (first, second) =>
        {
            LatencyHistogram one = new(), two = new(), both = new();
            foreach (var value in first)
                one.Record(value);
            foreach (var value in second)
                two.Record(value);
            foreach (var value in first.Concat(second))
                both.Record(value);
            one.Add(two);
            return one.Count == both.Count && one.Max == both.Max
                && Array.TrueForAll(Percents, percent => one.Percentile(percent) == both.Percentile(percent));
        });

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(100.1)]
    public void A_percentage_is_one(double percent) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LatencyHistogram().Percentile(percent));

    /// <summary>From nanoseconds to hours, every order of magnitude as likely.</summary>
    private static FsCheck.Gen<long[]> Values() =>
        (from bits in Gen.Choose(0, 45)
         from low in Gen.Choose(0, int.MaxValue)
         from high in Gen.Choose(0, int.MaxValue)
         select (((long)high << 31) | (long)low) & ((1L << bits) - 1))
        .NonEmptyListOf()
        .Select(list => list.ToArray());
}
