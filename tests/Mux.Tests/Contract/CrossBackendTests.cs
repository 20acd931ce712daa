using FsCheck;
using FsCheck.Fluent;
using Mux.Contract;
using Mux.Contract.Sequences;

namespace Mux.Tests.Contract;

/// <summary>The same generated sequence on every backend of this machine: the outcomes are the model's and each other's.</summary>
public sealed class CrossBackendTests
{
    private const int Scenarios = 100;

    [Fact]
    [Trait("Rule", "1, 2, 3, 4, 5, 6, 7, 10, 12")]
    public void The_same_sequence_has_the_same_outcome_on_every_backend()
    {
        var backends = Backends.OnThisMachine;
        var deviations = backends.SelectMany(backend => backend.Deviations.Keys).ToHashSet();
        Prop.ForAll(Scenario.Arbitrary(deviations), scenario => Compare(backends, scenario))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Scenarios));
    }

    private static void Compare(IReadOnlyList<IContractBackend> backends, Scenario scenario)
    {
        var coverage = new Coverage();
        var first = ScenarioRunner.Run(backends[0], scenario, coverage);
        foreach (var backend in backends.Skip(1))
        {
            var other = ScenarioRunner.Run(backend, scenario, coverage);
            var differing = Enumerable.Range(0, Math.Max(first.Count, other.Count))
                .FirstOrDefault(i => i >= first.Count || i >= other.Count || first[i] != other[i], -1);
            Assert.True(
                differing < 0,
                $"Wait {differing + 1} told on {backends[0].Name}: {first.ElementAtOrDefault(differing)}, "
                + $"on {backend.Name}: {other.ElementAtOrDefault(differing)}.");
        }
    }
}
