using System.Text;
using System.Text.Json.Serialization;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>What one call costs, in nanoseconds.</summary>
/// <param name="Label">The call, and how it ends.</param>
/// <param name="Median">The median over many short batches.</param>
/// <param name="Least">The quickest batch.</param>
internal sealed record CallCost(string Label, double Median, double Least) : ILabelled
{
    [JsonIgnore]
    public string Group => "";
}

/// <summary>What the calls cost that the architectures differ in.</summary>
internal sealed record CostReport(Machine Machine, string Command, IReadOnlyList<CallCost> Calls)
{
    internal string Table()
    {
        var text = new StringBuilder();
        text.AppendLine("| call | median ns | quickest ns |");
        text.AppendLine("| --- | ---: | ---: |");
        foreach (var call in Calls)
            text.AppendLine(FormattableString.Invariant($"| {call.Label} | {call.Median:N0} | {call.Least:N0} |"));
        return text.ToString();
    }

    internal (string Title, string File) WriteChart(string folder) => Charts.Bars(
        "What a call costs (less is better)", "nanoseconds", "costs", Calls, c => c.Median, "N0", folder);

    internal string ToMarkdown((string Title, string File) chart) => FormattableString.Invariant(
        $"""
        # What calls cost

        {Machine.Processor}, {Machine.Processors} processors; {Machine.System}; {Machine.Runtime}; {Machine.Date:yyyy-MM-dd HH:mm} UTC.
        Each called over and over, the way from .NET and back included; the median of 400 batches.

        ```
        {Command}
        ```

        {Table()}
        ![{chart.Title}]({chart.File})

        """);
}
