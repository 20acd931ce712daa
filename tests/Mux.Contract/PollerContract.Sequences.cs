using FsCheck;
using FsCheck.Fluent;
using Mux.Contract.Sequences;
using Xunit;

namespace Mux.Contract;

/// <summary>Generated sequences against the model.</summary>
public abstract partial class PollerContract<TBackend>
{
    private const int Scenarios = 200;

    // No situation is met fewer than 40 times by such a run on average.
    private const long Floor = 10;

    [ContractFact]
    [Trait("Rule", "1, 2, 3, 4, 5, 6, 7, 10, 12")]
    public void Generated_sequences_are_answered_as_the_model_says()
    {
        var coverage = new Coverage();
        Prop.ForAll(
                Scenario.Arbitrary([.. Backend.Deviations.Keys]),
                scenario => { ScenarioRunner.Run(Backend, scenario, coverage); })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(Scenarios));

        var thin = Enum.GetValues<Situation>().Where(situation => IsExpected(situation) && coverage[situation] < Floor);
        Assert.True(!thin.Any(), $"The run met some situations too rarely to mean anything: {coverage}.");
    }

    private bool IsExpected(Situation situation) => situation switch
    {
        Situation.NumberReused =>
            !OperatingSystem.IsWindows() && !Backend.Deviations.ContainsKey(KnownDeviation.KeepsClosedDescriptors),
        // Only a kernel that goes on reporting closed descriptors, or one direction of two, gives a backend some to drop.
        Situation.StaleEventDropped => Backend.MeetsStaleEvents,
        Situation.MoreReadyThanRoom => !Backend.Deviations.ContainsKey(KnownDeviation.StarvesWithSmallRoom),
        _ => true,
    };
}
