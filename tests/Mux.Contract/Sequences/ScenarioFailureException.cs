namespace Mux.Contract.Sequences;

/// <summary>A backend did in a scenario what the contract forbids, or not what it demands.</summary>
public sealed class ScenarioFailureException : Exception
{
    internal ScenarioFailureException(string backend, Scenario scenario, int step, string what, Exception? inner = null)
        : base(
            $"{backend}, step {step + 1}: {what}{Environment.NewLine}{scenario.Describe(step)}{Environment.NewLine}",
            inner)
    {
    }
}
