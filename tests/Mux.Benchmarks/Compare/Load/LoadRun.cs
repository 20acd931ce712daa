using System.Diagnostics;

namespace Mux.Benchmarks.Compare.Load;

/// <summary>What a stretch of load has shown.</summary>
/// <param name="Seconds">How long it was.</param>
/// <param name="Latencies">From the beginning of each request (with a connection per request: of the connect) to the end of its
/// response; their number is the number of requests answered rightly.</param>
/// <param name="Failures">Connections that failed.</param>
/// <param name="FirstFailure">Why the first did.</param>
internal sealed record LoadResult(double Seconds, LatencyHistogram Latencies, long Failures, string? FirstFailure)
{
    internal double RequestsPerSecond => Latencies.Count / Seconds;
}

/// <summary>Puts a server under load for a while.</summary>
internal static class LoadRun
{
    /// <summary>Runs.</summary>
    /// <param name="plan">What to ask.</param>
    /// <param name="template">What to be answered.</param>
    /// <param name="threads">Threads of clients.</param>
    /// <param name="duration">How long.</param>
    /// <param name="createPoller">Makes a thread's poller.</param>
    /// <param name="closing">What a last answer on a connection may be instead; see <see cref="ResponseChecker"/>.</param>
    /// <param name="onThread">Called on each thread first, with its index: to pin it.</param>
    internal static LoadResult Run(
        LoadPlan plan,
        ResponseTemplate template,
        int threads,
        TimeSpan duration,
        Func<IPoller> createPoller,
        ResponseTemplate? closing = null,
        Action<int>? onThread = null)
    {
        var workers = new LoadWorker[threads];
        var running = new Thread[threads];
        var failures = new Exception?[threads];
        var begun = Stopwatch.GetTimestamp();
        try
        {
            for (var i = 0; i < threads; i++)
            {
                var share = (plan.Connections / threads) + (i < plan.Connections % threads ? 1 : 0);
                workers[i] = new LoadWorker(
                    plan with { Rate = plan.Rate / threads, Requests = plan.Requests / threads }, template, closing, share, createPoller());
            }

            for (var i = 0; i < threads; i++)
            {
                var index = i;
                running[i] = new Thread(() =>
                {
                    try
                    {
                        onThread?.Invoke(index);
                        workers[index].Run(duration);
                    }
                    catch (Exception e)
                    {
                        failures[index] = e;
                    }
                })
                { Name = $"load {i}", IsBackground = true };
                running[i].Start();
            }

            foreach (var thread in running)
                thread.Join();
        }
        finally
        {
            foreach (var worker in workers)
                worker?.Dispose();
        }

        if (Array.Find(failures, f => f is not null) is { } failure)
            throw new InvalidOperationException($"a thread of clients failed: {failure.Message}", failure);

        var latencies = new LatencyHistogram();
        foreach (var worker in workers)
            latencies.Add(worker.Latencies);
        return new(
            plan.Requests > 0 ? Stopwatch.GetElapsedTime(begun).TotalSeconds : duration.TotalSeconds,
            latencies,
            workers.Sum(w => w.Failures),
            workers.Select(w => w.FirstFailure).FirstOrDefault(f => f is not null));
    }
}
