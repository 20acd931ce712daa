using HelloHttp.Processes;
using Xunit;

namespace HelloHttp.Tests.Processes;

public sealed class RestartDelayTests
{
    private static readonly TimeSpan Young = RestartDelay.Youth / 10;

    [Fact]
    public void The_first_end_is_followed_at_once()
    {
        Assert.Equal(TimeSpan.Zero, new RestartDelay().Next(TimeSpan.Zero));
    }

    [Fact]
    public void Who_ends_young_again_and_again_waits_longer_and_longer_up_to_a_limit()
    {
        var restart = new RestartDelay();
        var delays = Enumerable.Range(0, 20).Select(_ => restart.Next(Young)).ToArray();
        Assert.InRange(delays[1], TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1));
        for (var i = 1; i < delays.Length; i++)
            Assert.True(delays[i] > delays[i - 1] || delays[i] == RestartDelay.Longest, $"{i}: {delays[i]}");
        Assert.Equal(RestartDelay.Longest, delays[^1]);
    }

    [Fact]
    public void Who_has_lived_is_followed_at_once_whatever_was_before()
    {
        var restart = new RestartDelay();
        for (var i = 0; i < 5; i++)
            restart.Next(Young);
        Assert.Equal(TimeSpan.Zero, restart.Next(RestartDelay.Youth));
        Assert.NotEqual(TimeSpan.Zero, restart.Next(Young));
    }
}
