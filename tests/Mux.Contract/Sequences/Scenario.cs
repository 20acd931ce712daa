using FsCheck;
using FsCheck.Fluent;
using Mux.Contract.Kernel;

namespace Mux.Contract.Sequences;

/// <summary>A generated sequence of steps over a few links. Its text reads as a scenario.</summary>
public sealed class Scenario
{
    internal Scenario(int slots, IReadOnlyList<Command> commands)
    {
        Slots = slots;
        Commands = commands;
    }

    internal int Slots { get; }

    internal IReadOnlyList<Command> Commands { get; }

    /// <summary>Scenarios without what the deviations of the backends concerned forbid.</summary>
    public static Arbitrary<Scenario> Arbitrary(IReadOnlyCollection<KnownDeviation> deviations) => Arb.From(
        Gen.Choose(0, int.MaxValue - 1).Select(seed => new ScenarioGenerator(new Random(seed), deviations).Generate()), Shrink);

    /// <summary>All steps, one a line; the failed one marked.</summary>
    internal string Describe(int failed) => string.Join(
        Environment.NewLine,
        Commands.Take(failed < 0 ? Commands.Count : failed + 1)
            .Select((command, i) => $"{(i == failed ? " -> " : "    ")}{i + 1,2}. {command}"));

    /// <inheritdoc/>
    public override string ToString() => $"scenario over {Slots} links:{Environment.NewLine}{Describe(-1)}";

    // Halves, then quarters, then single steps are left out; what makes no sense without them is left out too.
    private static IEnumerable<Scenario> Shrink(Scenario scenario)
    {
        var count = scenario.Commands.Count;
        for (var length = Math.Max(count / 2, 1); length >= 1; length /= 2)
            for (var start = 0; start < count; start += length)
            {
                var rest = scenario.Commands.Take(start).Concat(scenario.Commands.Skip(start + length));
                var sensible = Sensible(scenario.Slots, rest);
                if (sensible.Count is > 0 && sensible.Count < count)
                    yield return new Scenario(scenario.Slots, sensible);
            }

        for (var i = 0; i < count; i++)
            foreach (var simpler in Simpler(scenario.Commands[i]))
            {
                var commands = scenario.Commands.ToArray();
                commands[i] = simpler;
                if (Sensible(scenario.Slots, commands) is var sensible && sensible.Count == count)
                    yield return new Scenario(scenario.Slots, sensible);
            }
    }

    private static IEnumerable<Command> Simpler(Command command)
    {
        switch (command)
        {
            case OpenLink { Kind: not LinkKind.Tcp } open:
                yield return open with { Kind = LinkKind.Tcp };
                break;
            case OpenLink { Opening: Opening.ToLivePort } open:
                yield return open with { Opening = Opening.Connected };
                break;
            case AddSource { Source: not SourceKind.Socket } add:
                yield return add with { Source = SourceKind.Socket };
                break;
            case AddSource { Mode: PollMode.OneShot } add:
                yield return add with { Mode = PollMode.Level };
                break;
            case PollReady { Room: < 16 } wait:
                yield return wait with { Room = 16 };
                break;
            case PeerSends { Bytes: > 1 } send:
                yield return send with { Bytes = 1 };
                break;
        }
    }

    private static List<Command> Sensible(int slots, IEnumerable<Command> commands)
    {
        var model = new ContractModel(slots);
        var sensible = new List<Command>();
        foreach (var command in commands)
            if (command.CanRun(model))
            {
                command.Apply(model);
                sensible.Add(command);
            }

        return sensible;
    }
}
