namespace Mux.Tests.Loop;

public class EventLoopGroupTests
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    [Fact]
    public void There_is_one_loop_per_core_unless_another_number_is_asked()
    {
        using var group = new EventLoopGroup(new ScriptedFactory());
        using var three = new EventLoopGroup(new ScriptedFactory(), new() { Count = 3 });

        Assert.Equal(Environment.ProcessorCount, group.Count);
        Assert.Equal(3, three.Count);
        Assert.Equal("script", three.BackendName);
        Assert.Equal(3, three.Select(static loop => loop.Name).Distinct().Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoopGroup(new ScriptedFactory(), new() { Count = 0 }));
    }

    [Fact]
    public void Next_goes_round()
    {
        using var group = new EventLoopGroup(new ScriptedFactory(), new() { Count = 3 });

        var taken = Enumerable.Range(0, 7).Select(_ => group.Next()).ToList();

        Assert.Equal([group[0], group[1], group[2], group[0], group[1], group[2], group[0]], taken);
    }

    [Fact]
    public async Task Every_loop_runs_on_its_own_thread_until_all_are_stopped()
    {
        var factory = new ScriptedFactory();
        using var group = new EventLoopGroup(factory, new() { Count = 4 });
        var threads = new HashSet<int>();
        using var ran = new CountdownEvent(4);
        group.Start();
        foreach (var loop in group)
        {
            loop.Post(() =>
            {
                lock (threads)
                    threads.Add(Environment.CurrentManagedThreadId);
                ran.Signal();
            });
        }

        Assert.True(ran.Wait(Guard));
        Assert.Equal(4, threads.Count);
        Assert.True(await group.StopAsync(Guard));
        Assert.True(group.Completion.IsCompletedSuccessfully);
        group.Dispose();
        Assert.All(factory.Made, static poller => Assert.True(poller.IsDisposed));
    }

    [Fact]
    public async Task A_loop_that_does_not_end_makes_the_stop_time_out()
    {
        using var group = new EventLoopGroup(new ScriptedFactory(), new() { Count = 2 });
        using var gate = new ManualResetEventSlim();
        group[1].Post(() => gate.Wait(Guard));
        group.Start();

        Assert.False(await group.StopAsync(TimeSpan.FromMilliseconds(1)));
        gate.Set();
        Assert.True(await group.StopAsync(Guard));
    }

    [Fact]
    public void Pollers_made_before_one_that_fails_are_disposed()
    {
        var factory = new ScriptedFactory { FailAt = 2 };

        Assert.Throws<IOException>(() => new EventLoopGroup(factory, new() { Count = 4 }));

        Assert.Equal(2, factory.Made.Count);
        Assert.All(factory.Made, static poller => Assert.True(poller.IsDisposed));
    }

    private sealed class ScriptedFactory : IPollerFactory
    {
        internal List<ScriptedPoller> Made { get; } = [];

        internal int FailAt { get; init; } = -1;

        public string BackendName => "script";

        public PollerFeatures Features => PollerFeatures.None;

        public IPoller Create()
        {
            if (Made.Count == FailAt)
                throw new IOException("no descriptor left");
            var poller = new ScriptedPoller();
            Made.Add(poller);
            return poller;
        }
    }
}
