using Mux.Benchmarks.Compare.Load;
using Xunit;

namespace HelloHttp.Tests.Load;

public class SamplesTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3)]
    [InlineData(new[] { 9.0, 1, 5 }, 5)]
    [InlineData(new[] { 1.0, 100, 3, 2 }, 2.5)]
    public void The_median_is_the_middle_whatever_the_order(double[] values, double median) =>
        Assert.Equal(median, Samples.Median(values));

    [Fact]
    public void Nothing_has_no_median() => Assert.True(double.IsNaN(Samples.Median([])));

    [Fact]
    public void Spread_is_half_the_range_over_the_median()
    {
        Assert.Equal(0.1, Samples.Spread([90, 100, 110]), 12);
        Assert.Equal(0, Samples.Spread([42]));
    }
}
