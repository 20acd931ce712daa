using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;

namespace Mux.Tests.Loop;

/// <summary>Timers against a model that is a plain list, sorted when asked.</summary>
public class TimerProperties
{
    /// <param name="Timer">Which of the timers.</param>
    /// <param name="Delay">Ticks of the fake clock; -1 cancels.</param>
    public sealed record Command(int Timer, int Delay);

    /// <summary>One turn: the clock moves, then a handler of the batch gives the commands.</summary>
    /// <param name="Advance">By how many ticks.</param>
    /// <param name="Commands">What the handler does.</param>
    public sealed record Step(int Advance, Command[] Commands);

    private const int Timers = 12;
    private const int Budget = 5;

    private static readonly Gen<Command> Commands =
        from timer in Gen.Choose(0, Timers - 1)
        from delay in Gen.Frequency((1, Gen.Constant(-1)), (1, Gen.Constant(0)), (6, Gen.Choose(1, 40)))
        select new Command(timer, delay);

    private static readonly Gen<Step> Steps =
        from advance in Gen.Frequency((1, Gen.Constant(0)), (3, Gen.Choose(1, 15)), (1, Gen.Choose(16, 100)))
        from commands in Commands.ArrayOf().Resize(6)
        select new Step(advance, commands);

    /// <summary>What the callback of each timer does when it fires: null does nothing.</summary>
    private static readonly Gen<Command?[]> Reactions =
        Gen.Frequency((2, Gen.Constant<Command?>(null)), (1, Commands.Select(static c => (Command?)c))).ArrayOf(Timers);

    [Property(MaxTest = 300)]
    public Property Timers_fire_as_a_sorted_list_says() =>
        Prop.ForAll(
            Steps.ArrayOf().Resize(40).ToArbitrary(), Reactions.ToArbitrary(),
            static (steps, reactions) => Assert.Equal(Model(steps, reactions), Actual(steps, reactions)));

    private static List<string> Actual(Step[] steps, Command?[] reactions)
    {
        var time = new FakeTimeProvider();
        var poller = new ScriptedPoller();
        using var loop = new EventLoop(poller, new() { TimeProvider = time, TimerBudget = Budget });
        var log = new List<string>();
        var timers = new LoopTimer[Timers];
        for (var i = 0; i < Timers; i++)
        {
            var number = i;
            timers[i] = new(loop, _ =>
            {
                log.Add($"{loop.Statistics.Turns}: {number}");
                Obey(reactions[number]);
            });
        }

        var next = 0;
        var handler = new RecordingWatcher("handler", [], _ => Array.ForEach(steps[next++].Commands, Obey));
        loop.Register(handler, PollSource.FromDescriptor(1), Interest.Readable);
        foreach (var step in steps)
        {
            poller.Then(() =>
            {
                time.Advance(TimeSpan.FromTicks(step.Advance));
                return [(1, Readiness.Readable)];
            });
        }

        poller.Then(loop.Stop);
        loop.Run();
        return log;

        void Obey(Command? command)
        {
            if (command is { Delay: < 0 })
                timers[command.Timer].Cancel();
            else if (command is not null)
                timers[command.Timer].Arm(TimeSpan.FromTicks(command.Delay));
        }
    }

    private static List<string> Model(Step[] steps, Command?[] reactions)
    {
        var log = new List<string>();
        var armed = new Dictionary<int, (long Deadline, int Ticket)>();
        var now = 0L;
        var tickets = 0;
        for (var turn = 0; turn <= steps.Length; turn++)
        {
            if (turn < steps.Length)
            {
                now += steps[turn].Advance;
                Array.ForEach(steps[turn].Commands, Obey);
            }

            var last = tickets;
            for (var fired = 0; fired < Budget; fired++)
            {
                var due = armed.Where(t => t.Value.Deadline <= now && t.Value.Ticket <= last)
                    .OrderBy(static t => t.Value).Select(static t => (int?)t.Key).FirstOrDefault();
                if (due is not { } timer)
                    break;
                armed.Remove(timer);
                log.Add($"{turn + 1}: {timer}");
                Obey(reactions[timer]);
            }
        }

        return log;

        void Obey(Command? command)
        {
            if (command is { Delay: < 0 })
                armed.Remove(command.Timer);
            else if (command is not null)
                armed[command.Timer] = (now + command.Delay, ++tickets);
        }
    }

    [Property(MaxTest = 200)]
    public Property A_heap_that_lost_some_of_its_timers_gives_the_others_in_order() =>
        Prop.ForAll(
            Gen.Choose(0, 1000).ArrayOf(60).ToArbitrary(), Gen.Choose(0, 59).ArrayOf(25).ToArbitrary(),
            static (deadlines, cancelled) =>
            {
                using var loop = new EventLoop(new ScriptedPoller());
                var queue = new TimerQueue();
                var timers = deadlines.Select(deadline => new LoopTimer(loop, static _ => { }, deadline)).ToList();
                timers.ForEach(timer => queue.Arm(timer, (int)timer.State!));
                foreach (var index in cancelled)
                    queue.Cancel(timers[index]);

                var taken = new List<LoopTimer>();
                while (queue.TakeDue(long.MaxValue, queue.LastTicket) is { } timer)
                    taken.Add(timer);
                Assert.Equal(
                    timers.Where((_, index) => !cancelled.Contains(index)).OrderBy(static timer => (int)timer.State!), taken);
            });

    [Property(MaxTest = 500)]
    public Property Conversions_between_ticks_and_timestamps_are_never_early() =>
        Prop.ForAll(
            Gen.Choose(0, int.MaxValue).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(),
            Gen.Elements(1_000_000_000L, 10_000_000L, 24_000_000L, 3_579_545L, 1000L, 32_768L).ToArbitrary(),
            static (start, ticks, frequency) =>
            {
                var delay = TimeSpan.FromTicks(ticks);
                var deadline = TimestampMath.Add(start, delay, frequency);
                var units = (Int128)deadline - start;
                Assert.True(units * TimeSpan.TicksPerSecond >= (Int128)ticks * frequency);
                Assert.True((units - 1) * TimeSpan.TicksPerSecond < (Int128)ticks * frequency);

                var until = TimestampMath.Until(deadline, start, frequency);
                Assert.True((Int128)until.Ticks * frequency >= units * TimeSpan.TicksPerSecond);
                Assert.True(((Int128)until.Ticks - 1) * frequency < units * TimeSpan.TicksPerSecond);
            });
}
