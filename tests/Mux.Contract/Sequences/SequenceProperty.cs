using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;

namespace Mux.Contract.Sequences;

/// <summary>Runs a check over generated scenarios and, when it fails, looks for a small one that fails.</summary>
public static class SequenceProperty
{
    // A poller that hangs fails slowly, and so does each smaller scenario. The first failures are small enough then.
    private static readonly TimeSpan ShrinkingTime = TimeSpan.FromSeconds(20);

    /// <summary>Checks so many scenarios; throws with the smallest one found that fails.</summary>
    /// <param name="scenarios">How many.</param>
    /// <param name="deviations">What the backends concerned are excused from.</param>
    /// <param name="check">Throws if a scenario fails.</param>
    public static void Check(int scenarios, IReadOnlyCollection<KnownDeviation> deviations, Action<Scenario> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        var shrinking = new Stopwatch();
        Prop.ForAll(Scenario.Arbitrary(deviations), Guarded)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(scenarios));

        void Guarded(Scenario scenario)
        {
            if (shrinking.Elapsed > ShrinkingTime)
                return; // ends the search: nothing smaller fails
            try
            {
                check(scenario);
            }
            catch
            {
                shrinking.Start();
                throw;
            }
        }
    }
}
