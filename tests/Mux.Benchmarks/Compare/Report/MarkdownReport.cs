using System.Globalization;
using System.Text;
using Mux.Benchmarks.Compare.Load;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>The report for people: what was run, and a table for each kind of load.</summary>
internal static class MarkdownReport
{
    private static readonly string[] CallOrder = ["accept", "recv", "send", "close", "other", "wait", "change", "wake"];

    /// <summary>The whole report, with the charts if there are any.</summary>
    /// <param name="report">The figures.</param>
    /// <param name="charts">Titles and file names of the charts of a load.</param>
    internal static string Write(ComparisonReport report, Func<LoadPattern, IReadOnlyList<(string Title, string File)>> charts)
    {
        var text = new StringBuilder();
        text.AppendLine("# Comparison").AppendLine();
        text.AppendLine(Invariant($"{report.Machine.Processor}, {report.Machine.Processors} processors; {report.Machine.System}; {report.Machine.Runtime}; {report.Machine.Date:yyyy-MM-dd HH:mm} UTC."));
        text.AppendLine(Invariant($"{report.Connections} connections from {report.ClientThreads} thread(s) of clients in a closed loop, {report.Rounds} interleaved rounds of {report.SecondsPerRound:0.###} s after a warm-up; medians over the rounds. Every response was checked byte for byte."));
        text.AppendLine().AppendLine("```").AppendLine(report.Command).AppendLine("```").AppendLine();
        foreach (var load in report.Loads)
        {
            text.AppendLine($"## {TitleOf(load.Load, report.PipelineDepth)}").AppendLine();
            text.Append(Table(load));
            foreach (var pinning in load.Results.Where(r => r.IsMeasured).GroupBy(r => r.Pinning))
                text.AppendLine().AppendLine($"{string.Join(", ", pinning.Select(r => r.Label))}: {pinning.Key}.");
            text.AppendLine();
            text.Append(CallTable(load));
            foreach (var (title, file) in charts(load.Load))
                text.AppendLine($"![{title}]({file})").AppendLine();
        }

        text.AppendLine("## How to read it").AppendLine();
        text.AppendLine("""
            - Latency runs from the beginning of a request (with a connection per request: of the connect) to the last byte of its
              response; pipelined requests are begun together.
            - Processor time is the server's, user and system, by the kernel's own account. Over loopback the kernel does the
              handshake of a connection in the client's time, so the clients' processor is often the busier one: then requests per
              second measure the clients, and processor time per request is what tells servers apart.
            - System calls are those of the server's sockets and pollers, counted by the server itself over its whole life, warm-up
              included, divided by the requests that it answered. The runtime's own calls (locks, memory, signals) are not ours to
              count: not those of a threadpool's hand-over (the "+"), nor those of Socket.Select, so select has no figure. "other" is
              getsockopt (how many connections wait) and shutdown.
            - A blocking or prefork worker keeps to its connection: with keep-alive it serves as many clients as it has workers, and
              the latency is that of those that are served.
            """);
        return text.ToString();
    }

    /// <summary>The main table of one load.</summary>
    internal static string Table(LoadReport load)
    {
        var first = load.Results.FirstOrDefault(r => r.IsMeasured);
        var text = new StringBuilder();
        text.AppendLine("| server | requests/s | ± | ratio | p50 µs | p99 µs | CPU µs/request | CPU busy | calls/request | accept would-blocks/request | failures |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var result in load.Results)
        {
            if (!result.IsMeasured)
            {
                text.AppendLine($"| {result.Label} | not measured: {result.Error} | | | | | | | | | |");
                continue;
            }

            text.AppendLine(Invariant(
                $"| {result.Label} | {result.RequestsPerSecond:N0} | {result.Spread:P0} | {result.RequestsPerSecond / first!.RequestsPerSecond:0.00} | {result.P50Microseconds:N0} | {result.P99Microseconds:N0} | {Figure(result.ProcessorMicrosecondsPerRequest, "0.00")} | {Figure(result.ProcessorShare, "P0")} | {Calls(result)} | {Figure(result.AcceptWouldBlocksPerRequest, "0.000")} | {result.Rounds.Sum(r => r.Failures)} |"));
        }

        return text.ToString();
    }

    /// <summary>System calls per request by kind, of the servers that count them.</summary>
    internal static string CallTable(LoadReport load)
    {
        var counted = load.Results.Where(r => r.HasCalls).ToArray();
        if (counted.Length == 0)
            return "";
        var text = new StringBuilder();
        text.AppendLine($"| system calls per request | {string.Join(" | ", CallOrder)} | all |");
        text.AppendLine($"| --- |{string.Concat(CallOrder.Select(_ => " ---: |"))} ---: |");
        foreach (var result in counted)
        {
            var cells = CallOrder.Select(name => Invariant($"{result.Counters!.Calls[name] / (double)result.Counters.Requests:0.000}"));
            text.AppendLine(Invariant($"| {result.Label} | {string.Join(" | ", cells)} | {result.CallsPerRequest:0.000}{(result.HandsOver ? " +" : "")} |"));
        }

        return text.AppendLine().ToString();
    }

    private static string Calls(VariantResult result) =>
        Figure(result.CallsPerRequest, "0.00") + (result.HandsOver && result.HasCalls ? " +" : "");

    internal static string TitleOf(LoadPattern load, int depth) => load switch
    {
        LoadPattern.Close => "A connection per request",
        LoadPattern.KeepAlive => "Keep-alive",
        _ => $"Pipelined, {depth} at a time",
    };

    private static string Figure(double? value, string format) =>
        value is { } v && !double.IsNaN(v) ? v.ToString(format, CultureInfo.InvariantCulture) : "–";

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
