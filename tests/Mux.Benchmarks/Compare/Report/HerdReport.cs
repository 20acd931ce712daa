using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Mux.Benchmarks.Compare.Servers;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>What was seen of the herd.</summary>
internal sealed record HerdReport
{
    public required Machine Machine { get; init; }

    public required string Command { get; init; }

    public required int Workers { get; init; }

    public required int Rate { get; init; }

    public required double Seconds { get; init; }

    public required IReadOnlyList<HerdResult> Results { get; init; }

    /// <summary>The table.</summary>
    internal string Table()
    {
        var text = new StringBuilder();
        text.AppendLine("| server | load | connections | wake-ups/connection | for nothing, seen by the program | accepts that would block/connection | waits/connection |");
        text.AppendLine("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var result in Results)
        {
            var load = result.Rate > 0 ? $"{result.Rate}/s" : "full";
            text.AppendLine(result.Counters is null
                ? $"| {result.Label} | not measured: {result.Error} | | | | | |"
                : FormattableString.Invariant(
                    $"| {result.Label} | {load} | {result.Counters.Accepted:N0} | {Figure(result.WakeUps)} | {result.WastedWakeUps:0.000} | {result.AcceptWouldBlocks:0.000} | {result.Waits:0.00} |"));
        }

        return text.ToString();
    }

    private static string Figure(double value) => double.IsNaN(value) ? "–" : value.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Draws the wake-ups of the light load.</summary>
    internal (string Title, string File)? WriteChart(string folder)
    {
        var rows = Results.Where(r => r.Rate > 0 && !double.IsNaN(r.WakeUps)).ToArray();
        return rows.Length == 0
            ? null
            : Charts.Bars(
                $"{Rate} connections a second: wake-ups per connection (fewer is better)",
                "times a worker was woken, per connection", "herd", rows, r => r.WakeUps, "0.00", folder);
    }

    internal string ToMarkdown((string Title, string File)? chart)
    {
        var text = new StringBuilder();
        text.AppendLine("# The thundering herd").AppendLine();
        text.AppendLine(FormattableString.Invariant(
            $"{Machine.Processor}, {Machine.Processors} processors; {Machine.System}; {Machine.Runtime}; {Machine.Date:yyyy-MM-dd HH:mm} UTC."));
        text.AppendLine(FormattableString.Invariant(
            $"{Workers} workers; one request per connection, {Seconds:0.###} s of each load; the full load is a closed loop of 64 clients."));
        text.AppendLine("""

            - Wake-ups are the voluntary context switches of the threads that run the loops: how often one slept and was woken. What
              several workers have more than one is the herd.
            - The program sees a wake-up for nothing when the poller reports the listener and nobody waits there any more. Most of the
              herd it never sees: epoll_wait looks at the listener again before it returns, and goes back to sleep.

            """);
        text.AppendLine("```").AppendLine(Command).AppendLine("```").AppendLine();
        text.Append(Table()).AppendLine();
        if (chart is var (title, file))
            text.AppendLine($"![{title}]({file})");
        return text.ToString();
    }
}

/// <summary>One server under one load.</summary>
internal sealed record HerdResult : ILabelled
{
    public required string Label { get; init; }

    public required Variant Variant { get; init; }

    /// <summary>Connections a second; 0 for as many as can be.</summary>
    public int Rate { get; init; }

    public double RequestsPerSecond { get; init; }

    /// <summary>Voluntary context switches of the threads that run loops.</summary>
    public double LoopSleeps { get; init; } = double.NaN;

    public CounterTotals? Counters { get; init; }

    public long Failures { get; init; }

    public string? Error { get; init; }

    /// <summary>Per connection: how often a worker slept and was woken, for whatever reason.</summary>
    public double WakeUps => Counters is null ? double.NaN : LoopSleeps / Counters.Accepted;

    /// <summary>Per connection: wake-ups by the listener that found nobody.</summary>
    public double WastedWakeUps => Per(Counters?.WastedWakeUps);

    /// <summary>Per connection: accepts that found nobody.</summary>
    public double AcceptWouldBlocks => Per(Counters?.AcceptWouldBlocks);

    /// <summary>Per connection: waits in the poller, for whatever reason.</summary>
    public double Waits => Per(Counters?.Calls["wait"]);

    [JsonIgnore]
    public string Group => Variant.Architecture!;

    private double Per(long? count) => count is null ? double.NaN : (double)count / Counters!.Accepted;
}
