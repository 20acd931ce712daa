using System.Text.Json.Serialization;
using Mux.Benchmarks.Compare.Load;
using Mux.Benchmarks.Compare.Servers;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>Everything that a comparison has measured: what the JSON file holds and what tables and charts are made of.</summary>
internal sealed record ComparisonReport
{
    public required Machine Machine { get; init; }

    /// <summary>The command line that repeats it.</summary>
    public required string Command { get; init; }

    public required int Connections { get; init; }

    public required int ClientThreads { get; init; }

    public required int PipelineDepth { get; init; }

    public required double SecondsPerRound { get; init; }

    public required int Rounds { get; init; }

    public required IReadOnlyList<LoadReport> Loads { get; init; }

    internal bool HasFailures => Loads.Any(l => l.Results.Any(r => r.Error is not null || r.Rounds.Any(x => x.Failures > 0)));
}

/// <summary>All servers under one kind of load.</summary>
internal sealed record LoadReport(LoadPattern Load, IReadOnlyList<VariantResult> Results);

/// <summary>One server under one kind of load.</summary>
internal sealed record VariantResult : ILabelled
{
    public required string Label { get; init; }

    public required Variant Variant { get; init; }

    /// <summary>Lines of one architecture share a colour in the charts.</summary>
    [JsonIgnore]
    public string Group => Variant.Rival ?? Variant.Architecture!;

    public required string Pinning { get; init; }

    public required IReadOnlyList<Round> Rounds { get; init; }

    /// <summary>What the server counted over its whole life, warm-up included; null for rivals.</summary>
    public CounterTotals? Counters { get; init; }

    /// <summary>Why it could not be measured.</summary>
    public string? Error { get; init; }

    public double RequestsPerSecond => Samples.Median(Rounds.Select(r => r.RequestsPerSecond));

    /// <summary>Half of the distance between the best and the worst round, as a share of the median.</summary>
    public double Spread => Samples.Spread(Rounds.Select(r => r.RequestsPerSecond));

    public double P50Microseconds => Samples.Median(Rounds.Select(r => r.P50Microseconds));

    public double P99Microseconds => Samples.Median(Rounds.Select(r => r.P99Microseconds));

    public double ProcessorMicrosecondsPerRequest => Samples.Median(Rounds.Select(r => r.ProcessorMicrosecondsPerRequest));

    /// <summary>The share of one processor that the server used.</summary>
    public double ProcessorShare => Samples.Median(Rounds.Select(r => r.ProcessorMicrosecondsPerRequest * r.RequestsPerSecond / 1e6));

    /// <summary>System calls of sockets and poller; null where they are not counted.</summary>
    public double? CallsPerRequest => HasCalls ? Counters!.Calls.Values.Sum() / (double)Counters.Requests : null;

    public double? AcceptWouldBlocksPerRequest => Counters?.AcceptWouldBlocks / (double?)Counters?.Requests;

    /// <summary>Whether system calls are counted.</summary>
    [JsonIgnore]
    public bool HasCalls => Counters is { AreComplete: true, Requests: > 0 };

    /// <summary>Connections go from thread to thread, which costs calls of the runtime's locks beyond those counted.</summary>
    [JsonIgnore]
    public bool HandsOver => Variant.Architecture == "threadpool";

    internal bool IsMeasured => Rounds.Count > 0;
}

/// <summary>One round.</summary>
internal sealed record Round(
    long Requests,
    double Seconds,
    double P50Microseconds,
    double P99Microseconds,
    double MaxMicroseconds,
    double ProcessorMicrosecondsPerRequest,
    long Failures,
    string? FirstFailure)
{
    public double RequestsPerSecond => Requests / Seconds;

    internal static Round From(LoadResult result, double processorSeconds) => new(
        result.Latencies.Count,
        result.Seconds,
        result.Latencies.Percentile(50) / 1e3,
        result.Latencies.Percentile(99) / 1e3,
        result.Latencies.Max / 1e3,
        processorSeconds * 1e6 / result.Latencies.Count,
        result.Failures,
        result.FirstFailure);
}
