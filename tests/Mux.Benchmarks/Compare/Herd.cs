using System.Net.Sockets;
using Mux.Benchmarks.Compare.Load;
using Mux.Benchmarks.Compare.Report;
using Mux.Benchmarks.Compare.Servers;

namespace Mux.Benchmarks.Compare;

/// <summary>How to look for the thundering herd.</summary>
internal sealed record HerdOptions
{
    public int Workers { get; init; } = 4;

    public int Rate { get; init; } = 100;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    public required string Backend { get; init; }
}

/// <summary>
/// Several workers wait for one listener. Under a light load, a connection now and then, all of them sleep when it comes: how many
/// wake up, and how many of those for nothing? Under full load hardly anybody should be. One worker alone shows what is needed.
/// </summary>
internal sealed class Herd(HerdOptions options, TextWriter progress)
{
    private const int Connections = 64;

    /// <summary>Measures every shape under both loads, each in a server of its own, so that its counters speak of one load.</summary>
    internal IReadOnlyList<HerdResult> Run()
    {
        var results = new List<HerdResult>();
        foreach (var variant in Variants())
        {
            var light = Measure(variant, options.Rate);
            results.Add(light);
            if (light.Error is null)
                results.Add(Measure(variant, rate: 0));
        }

        return results;
    }

    private IEnumerable<Variant> Variants()
    {
        var shared = new Variant { Backend = options.Backend, Workers = options.Workers };
        yield return shared with { Architecture = "prefork", Backend = null };
        yield return shared with { Architecture = "evented", Workers = 1 };
        yield return shared with { Architecture = "evented" };
        yield return shared with { Architecture = "evented", Exclusive = true };
        yield return shared with { Architecture = "eager", Workers = 1 };
        yield return shared with { Architecture = "eager" };
        yield return shared with { Architecture = "eager", Exclusive = true };
        yield return shared with { Architecture = "eager", Accept = "reuseport" };
    }

    private HerdResult Measure(Variant variant, int rate)
    {
        var what = rate > 0 ? $"{rate} connections/s" : "full load";
        try
        {
            using var server = ServerProcess.Start(variant, Pinning.None);
            var plan = LoadPlan.For(server.Url, LoadPattern.Close, Connections, depth: 1) with { Rate = rate };
            var template = Probe.Ask(plan, "hello");
            var before = server.LoopSleeps;
            var load = LoadRun.Run(
                plan, template, threads: 1, options.Duration,
                static () => BenchmarkBackends.Create(BenchmarkBackends.Available.First()));
            var sleeps = server.LoopSleeps - before;
            var counters = server.Stop()
                ?? throw new ServerFailedException($"{variant.Label} does not report its counters");
            progress.WriteLine($"{what,-20} {variant.Label,-40} {load.RequestsPerSecond:N0} requests/s");
            return new()
            {
                Label = variant.Label,
                Variant = variant,
                Rate = rate,
                RequestsPerSecond = load.RequestsPerSecond,
                Counters = counters,
                LoopSleeps = sleeps,
                Failures = load.Failures,
            };
        }
        catch (Exception e) when (e is ServerFailedException or InvalidDataException or SocketException)
        {
            progress.WriteLine($"{what,-20} {variant.Label,-40} left out: {e.Message}");
            return new() { Label = variant.Label, Variant = variant, Rate = rate, Error = e.Message };
        }
    }
}
