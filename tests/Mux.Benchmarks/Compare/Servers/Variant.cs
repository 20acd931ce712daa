namespace Mux.Benchmarks.Compare.Servers;

/// <summary>One of the servers to be compared: ours in one of its shapes, or a rival.</summary>
internal sealed record Variant
{
    private static readonly string[] WithoutPoller = ["blocking", "prefork", "threadpool"];

    /// <summary>The architecture; null for a rival.</summary>
    public string? Architecture { get; init; }

    /// <summary>The backend; null where there is none to choose.</summary>
    public string? Backend { get; init; }

    /// <summary>Loops, threads or processes; 0 for a rival that is reached by URL, of which nothing is known.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>thread or process; null for the server's default.</summary>
    public string? WorkerModel { get; init; }

    /// <summary>shared or reuseport; null for the server's default.</summary>
    public string? Accept { get; init; }

    /// <summary>Whether the listener wakes one worker only.</summary>
    public bool Exclusive { get; init; }

    /// <summary>The rival's name; null for ours.</summary>
    public string? Rival { get; init; }

    /// <summary>Where the rival answers.</summary>
    public Uri? Url { get; init; }

    /// <summary>How to start the rival; null if it runs already.</summary>
    public string? Command { get; init; }

    /// <summary>Whether this architecture waits in a poller at all.</summary>
    internal static bool UsesPoller(string architecture) => !WithoutPoller.Contains(architecture, StringComparer.OrdinalIgnoreCase);

    /// <summary>What tables and charts call it.</summary>
    internal string Label => Rival ?? string.Join(
        " ",
        new[]
        {
            Architecture,
            Backend,
            $"{Workers} {(WorkerModel is null ? "worker" : WorkerModel)}{(Workers == 1 ? "" : WorkerModel == "process" ? "es" : "s")}",
            Accept == "reuseport" ? Accept : null,
            Exclusive ? "exclusive" : null,
        }.Where(part => part is not null));

    /// <summary>Our server's command line. What is not set is not passed.</summary>
    internal IEnumerable<string> Arguments()
    {
        yield return "--host";
        yield return "127.0.0.1";
        yield return "--port";
        yield return "0";
        yield return "--report-counters";
        yield return "true";
        yield return "--architecture";
        yield return Architecture!;
        yield return "--workers";
        yield return $"{Workers}";
        if (Backend is not null)
        {
            yield return "--backend";
            yield return Backend;
        }

        if (WorkerModel is not null)
        {
            yield return "--worker-model";
            yield return WorkerModel;
        }

        if (Accept is not null)
        {
            yield return "--accept";
            yield return Accept;
        }

        if (Exclusive)
        {
            yield return "--exclusive";
            yield return "true";
        }
    }
}
