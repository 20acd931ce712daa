using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Mux.Tests.Loop;

public sealed class PostTests : IDisposable
{
    private readonly ScriptedPoller _poller = new();
    private readonly EventLoop _loop;

    public PostTests() => _loop = new(_poller, new() { PostBudget = 4 });

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void Posts_run_in_order_within_the_budget_of_each_turn()
    {
        var turns = new List<int>();
        var order = new List<int>();
        for (var i = 0; i < 10; i++)
        {
            var number = i;
            Assert.True(_loop.Post(() =>
            {
                order.Add(number);
                turns.Add((int)_loop.Statistics.Turns);
                if (number == 9)
                    _loop.Stop();
            }));
        }

        _loop.Run();

        Assert.Equal(Enumerable.Range(0, 10), order);
        Assert.Equal([1, 1, 1, 1, 2, 2, 2, 2, 3, 3], turns);
        Assert.All(_poller.Timeouts, static timeout => Assert.Equal(TimeSpan.Zero, timeout));
    }

    [Fact]
    public void A_post_from_a_post_comes_in_a_later_turn_after_another_look_at_the_poller()
    {
        var turns = new List<long>();
        _loop.Post(Again, null);

        _loop.Run();

        Assert.Equal([1, 2, 3], turns);

        void Again(object? state)
        {
            turns.Add(_loop.Statistics.Turns);
            if (turns.Count == 3)
                _loop.Stop();
            else
                _loop.Post(Again, null);
        }
    }

    [Fact]
    public void A_burst_of_posts_to_a_sleeping_loop_wakes_it_once()
    {
        var ran = new CountdownEvent(100);
        var gate = new ManualResetEventSlim();
        _loop.Start();
        Assert.True(_poller.Sleeping.Wait(TimeSpan.FromSeconds(30)));

        // The first post wakes it and holds it up, the others find it awake.
        _loop.Post(() => gate.Wait(TimeSpan.FromSeconds(30)));
        for (var i = 0; i < 100; i++)
            _loop.Post(static state => ((CountdownEvent)state!).Signal(), ran);
        Assert.Equal(1, _poller.Wakes);
        gate.Set();

        Assert.True(ran.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal(1, _poller.Wakes);
    }

    [Fact]
    public void A_post_that_throws_is_reported_and_the_next_one_runs()
    {
        var faults = new List<EventLoopFault>();
        using var loop = new EventLoop(new ScriptedPoller(), new() { OnFault = faults.Add });
        var state = new object();
        loop.Post(static _ => throw new FormatException(), state);
        loop.Post(loop.Stop);

        loop.Run();

        var fault = Assert.Single(faults);
        Assert.IsType<FormatException>(fault.Exception);
        Assert.Same(state, fault.Origin);
        Assert.Same(loop, fault.Loop);
        Assert.Equal(1, loop.Statistics.Faults);
        Assert.Equal(2, loop.Statistics.Posts);
    }

    [Fact]
    public void Posts_taken_before_the_stop_run_and_later_ones_are_refused()
    {
        var ran = 0;
        var refused = false;
        _loop.Post(() =>
        {
            _loop.Stop();
            for (var i = 0; i < 20; i++)
                Assert.True(_loop.Post(() => ran++));
            _loop.Post(() => refused = !_loop.Post(() => ran += 1000));
        });

        _loop.Run();

        Assert.Equal(20, ran);
        Assert.True(refused);
        Assert.False(_loop.Post(() => ran++));
    }

    [Property(MaxTest = 30)]
    public Property Every_post_that_was_taken_runs_once_and_each_threads_posts_keep_their_order() =>
        Prop.ForAll(
            Gen.Choose(1, 4).ToArbitrary(), Gen.Choose(1, 300).ToArbitrary(), Gen.Choose(1, 1200).ToArbitrary(),
            (threads, each, stopAfter) =>
            {
                using var loop = new EventLoop(new ScriptedPoller(), new() { PostBudget = 7 });
                var seen = new List<(int Thread, int Number)>();
                var taken = new List<int>[threads];
                loop.Start();
                var producers = Enumerable.Range(0, threads).Select(thread => new Thread(() =>
                {
                    taken[thread] = [];
                    for (var i = 0; i < each; i++)
                    {
                        var number = i;
                        var wasTaken = loop.Post(() =>
                        {
                            seen.Add((thread, number));
                            if (seen.Count == stopAfter)
                                loop.Stop();
                        });
                        if (wasTaken)
                            taken[thread].Add(number);
                    }
                })).ToList();
                producers.ForEach(static producer => producer.Start());
                producers.ForEach(static producer => producer.Join());
                loop.Stop();
                Assert.True(((IAsyncResult)loop.Completion).AsyncWaitHandle.WaitOne(TimeSpan.FromSeconds(30)));

                for (var thread = 0; thread < threads; thread++)
                    Assert.Equal(taken[thread], seen.Where(s => s.Thread == thread).Select(static s => s.Number));
            });
}
