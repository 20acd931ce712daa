using System.Globalization;
using System.Net.Sockets;
using Mux.Benchmarks.Compare.Load;
using Mux.Benchmarks.Compare.Report;
using Mux.Benchmarks.Compare.Servers;

namespace Mux.Benchmarks.Compare;

/// <summary>What to compare, and how.</summary>
internal sealed record ComparisonOptions
{
    public required IReadOnlyList<Variant> Variants { get; init; }

    public required IReadOnlyList<LoadPattern> Loads { get; init; }

    public int Rounds { get; init; } = 3;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(2);

    public int Connections { get; init; } = 64;

    public int Depth { get; init; } = 16;

    public int ClientThreads { get; init; } = 1;

    public bool Together { get; init; }

    public bool Pin { get; init; } = true;
}

/// <summary>
/// Measures servers beside each other: for each kind of load all of them are started, warmed up, and put under load one after the
/// other, round by round (A B C, A B C), so that what else the machine does falls on all alike.
/// </summary>
internal sealed class Comparison(ComparisonOptions options, TextWriter progress)
{
    /// <summary>Measures.</summary>
    internal IReadOnlyList<LoadReport> Run() => [.. options.Loads.Select(Run)];

    private LoadReport Run(LoadPattern load)
    {
        var contestants = new List<Contestant>();
        try
        {
            foreach (var variant in options.Variants)
                contestants.Add(Prepare(variant, load));
            for (var round = 1; round <= options.Rounds; round++)
            {
                foreach (var contestant in contestants.Where(c => c.Error is null))
                {
                    Measure(contestant);
                    var last = contestant.Rounds[^1];
                    progress.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{load,-9} round {round}/{options.Rounds}  {contestant.Variant.Label,-32} {last.RequestsPerSecond,10:N0} requests/s"
                        + $"{(last.Failures > 0 ? $"  {last.Failures} failures: {last.FirstFailure}" : "")}"));
                }
            }

            return new(load, [.. contestants.Select(Finish)]);
        }
        finally
        {
            foreach (var contestant in contestants)
                contestant.Server?.Dispose();
        }
    }

    private Contestant Prepare(Variant variant, LoadPattern load)
    {
        var pinning = options.Pin && !(variant.Rival is not null && variant.Command is null)
            ? options.Together ? Pinning.Together() : Pinning.For(variant.Workers, options.ClientThreads)
            : Pinning.None;
        var contestant = new Contestant(variant, pinning);
        try
        {
            contestant.Server = ServerProcess.Start(variant, pinning);
            contestant.Plan = LoadPlan.For(contestant.Server.Url, load, options.Connections, options.Depth);
            contestant.Template = Probe.Ask(contestant.Plan, expectedBody: variant.Rival is null ? "hello" : null);
            if (load != LoadPattern.Close)
                contestant.Closing = Probe.Ask(contestant.Plan with { Pattern = LoadPattern.Close }, expectedBody: null);
            if (options.WarmUp > TimeSpan.Zero)
                Load(contestant, options.WarmUp);
            progress.WriteLine($"{load,-9} warmed up  {variant.Label} at {contestant.Server.Url} ({pinning.Description})");
        }
        catch (Exception e) when (e is ServerFailedException or InvalidDataException or SocketException)
        {
            contestant.Error = e is ServerFailedException ? e.Message : $"{variant.Label} cannot be measured: {e.Message}";
            progress.WriteLine($"{load,-9} left out   {contestant.Error}");
        }

        return contestant;
    }

    private void Measure(Contestant contestant)
    {
        var before = contestant.Server!.ProcessorSeconds;
        var result = Load(contestant, options.Duration);
        contestant.Rounds.Add(Round.From(result, contestant.Server.ProcessorSeconds - before));
    }

    private LoadResult Load(Contestant contestant, TimeSpan duration) => LoadRun.Run(
        contestant.Plan!,
        contestant.Template!,
        options.ClientThreads,
        duration,
        static () => BenchmarkBackends.Create(BenchmarkBackends.Available.First()),
        contestant.Closing,
        contestant.Pinning.PinClient);

    private static VariantResult Finish(Contestant contestant) => new()
    {
        Label = contestant.Variant.Label,
        Variant = contestant.Variant,
        Pinning = contestant.Pinning.Description,
        Rounds = contestant.Rounds,
        Counters = contestant.Server?.Stop(),
        Error = contestant.Error,
    };

    private sealed class Contestant(Variant variant, Pinning pinning)
    {
        internal Variant Variant { get; } = variant;

        internal Pinning Pinning { get; } = pinning;

        internal List<Round> Rounds { get; } = [];

        internal ServerProcess? Server { get; set; }

        internal LoadPlan? Plan { get; set; }

        internal ResponseTemplate? Template { get; set; }

        internal ResponseTemplate? Closing { get; set; }

        internal string? Error { get; set; }
    }
}
