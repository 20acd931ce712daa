using System.CommandLine;
using System.Globalization;
using Mux.Benchmarks.Compare.Load;
using Mux.Benchmarks.Compare.Report;
using Mux.Benchmarks.Compare.Servers;

namespace Mux.Benchmarks.Compare;

/// <summary>The command line of <c>compare</c> and <c>compare herd</c>.</summary>
internal sealed class CompareCommand
{
    private const int UsageError = 2;

    private readonly RootCommand _root = new("Benchmarks of Mux and HelloHttp");

    private readonly Option<string> _architectures = Text("--architectures", "names", "eager", "Shapes of HelloHttp to compare, with commas");
    private readonly Option<string> _backends = Text("--backends", "names", "auto", "Backends for those that wait in a poller, with commas");
    private readonly Option<string> _workers = Text("--workers", "numbers", "1", "Worker counts, with commas");
    private readonly Option<string?> _models = new("--worker-models") { HelpName = "names", Description = "thread, process or both, with commas [default: the server's]" };
    private readonly Option<string?> _accepts = new("--accepts") { HelpName = "names", Description = "shared, reuseport or both, with commas [default: the server's]" };
    private readonly Option<string> _loads = Text("--load", "names", "close,keepalive,pipeline", "close (a connection per request), keepalive, pipeline; with commas");
    private readonly Option<int> _rounds = Number("--rounds", 3, "Rounds; the servers take turns in each");
    private readonly Option<double> _seconds = new("--seconds") { DefaultValueFactory = _ => 2, Description = "Length of each server's turn in a round" };
    private readonly Option<double> _warmUp = new("--warm-up") { DefaultValueFactory = _ => 2, Description = "Seconds of load before the first round" };
    private readonly Option<int> _connections = Number("--connections", 64, "Connections at a time");
    private readonly Option<int> _threads = Number("--client-threads", 1, "Threads of clients");
    private readonly Option<int> _depth = Number("--depth", 16, "Requests sent at once by the pipeline load");
    private readonly Option<bool> _noPin = new("--no-pin") { Description = "Don't keep server and clients on processors of their own" };
    private readonly Option<bool> _together = new("--one-processor") { Description = "Keep server and clients together on one processor: requests pile up, so the server is always busy" };
    private readonly Option<string> _out = Text("--out", "folder", "report", "Where report.md, report.json and the charts go");

    private readonly Option<string[]> _rivals = new("--rival")
    {
        HelpName = "name=url [command]",
        Description = "Another server, which answers at that loopback URL; with a command behind the URL it is started (and its CPU "
            + "time measured): --rival \"nginx=http://127.0.0.1:8081/ nginx -p . -c nginx.conf\". May be repeated",
    };

    private readonly Option<int> _herdWorkers = Number("--workers", 4, "Workers on the listener");
    private readonly Option<int> _rate = Number("--rate", 100, "Connections a second of the light load");
    private readonly Option<double> _herdSeconds = new("--seconds") { DefaultValueFactory = _ => 10, Description = "Length of each load" };
    private readonly Option<string> _herdBackend = Text("--backend", "name", "auto", "The backend");
    private readonly Option<string> _herdOut = Text("--out", "folder", "report", "Where herd.md, herd.json and the chart go");

    private readonly Option<string> _costsOut = Text("--out", "folder", "report", "Where costs.md, costs.json and the chart go");
    private readonly Option<string> _talkOut = Text("--out", "folder", "docs/architectures", "Where everything goes");

    internal CompareCommand()
    {
        var compare = new Command("compare",
            "Runs HelloHttp in several shapes, and rivals, under the same load; prints a table and writes a report with charts")
        {
            _architectures, _backends, _workers, _models, _accepts, _loads, _rounds, _seconds, _warmUp, _connections, _threads,
            _depth, _rivals, _noPin, _together, _out,
        };
        compare.SetAction(Compare);
        var herd = new Command("herd", "Counts the workers woken for nothing when several wait for the same listener")
        {
            _herdWorkers, _rate, _herdSeconds, _herdBackend, _herdOut,
        };
        herd.SetAction(Herd);
        var costs = new Command("costs", "Measures the system calls that the architectures differ in, one by one (Linux)") { _costsOut };
        costs.SetAction(Costs);
        var talk = new Command("talk",
            "Everything that docs/architectures.md reports: costs, herd, the comparison of all architectures, and threads against processes; several minutes")
        {
            _talkOut, _rivals,
        };
        talk.SetAction(Talk);
        compare.Subcommands.Add(herd);
        compare.Subcommands.Add(costs);
        compare.Subcommands.Add(talk);
        _root.Subcommands.Add(compare);
    }

    internal int Run(string[] args)
    {
        var parsed = _root.Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
            return Refuse($"{parsed.Errors[0].Message} Try compare --help.");
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (ArgumentException e)
        {
            return Refuse(e.Message);
        }
        catch (Exception e) when (e is ServerFailedException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"compare: {e.Message}");
            return 1;
        }
    }

    private int Compare(ParseResult parsed)
    {
        var options = new ComparisonOptions
        {
            Variants = [.. OurVariants(parsed), .. (parsed.GetValue(_rivals) ?? []).Select(ParseRival)],
            Loads = [.. List(parsed.GetValue(_loads)).Select(ParseLoad)],
            Rounds = AtLeast(1, parsed, _rounds),
            Duration = Seconds(parsed, _seconds, least: 0.1),
            WarmUp = Seconds(parsed, _warmUp, least: 0),
            Connections = AtLeast(1, parsed, _connections),
            ClientThreads = AtLeast(1, parsed, _threads),
            Depth = AtLeast(1, parsed, _depth),
            Together = parsed.GetValue(_together),
            Pin = !parsed.GetValue(_noPin),
        };
        if (options.Variants.Count == 0)
            throw new ArgumentException("There is no server to measure: blocking runs with --workers 1 only.");
        var folder = Folder(parsed.GetValue(_out)!);
        var report = new ComparisonReport
        {
            Machine = Machine.Current(),
            Command = CommandLine(parsed),
            Connections = options.Connections,
            ClientThreads = options.ClientThreads,
            PipelineDepth = options.Depth,
            SecondsPerRound = options.Duration.TotalSeconds,
            Rounds = options.Rounds,
            Loads = new Comparison(options, Console.Error).Run(),
        };
        foreach (var load in report.Loads)
        {
            Console.WriteLine($"\n{MarkdownReport.TitleOf(load.Load, report.PipelineDepth)}\n");
            Console.Write(TextTable.Align(MarkdownReport.Table(load)));
        }

        File.WriteAllText(Path.Combine(folder, "report.json"), JsonReport.Write(report));
        var charts = report.Loads.ToDictionary(l => l.Load, l => Charts.Write(l, report.PipelineDepth, folder));
        File.WriteAllText(Path.Combine(folder, "report.md"), MarkdownReport.Write(report, load => charts[load]));
        Console.WriteLine($"\nReport: {Path.Combine(folder, "report.md")}");
        return report.HasFailures ? 1 : 0;
    }

    private int Herd(ParseResult parsed)
    {
        var options = new HerdOptions
        {
            Workers = AtLeast(1, parsed, _herdWorkers),
            Rate = AtLeast(1, parsed, _rate),
            Duration = Seconds(parsed, _herdSeconds, least: 0.1),
            Backend = parsed.GetValue(_herdBackend)!,
        };
        var folder = Folder(parsed.GetValue(_herdOut)!);
        var report = new HerdReport
        {
            Machine = Machine.Current(),
            Command = CommandLine(parsed),
            Workers = options.Workers,
            Rate = options.Rate,
            Seconds = options.Duration.TotalSeconds,
            Results = new Herd(options, Console.Error).Run(),
        };
        Console.WriteLine();
        Console.Write(TextTable.Align(report.Table()));
        File.WriteAllText(Path.Combine(folder, "herd.json"), JsonReport.Write(report));
        File.WriteAllText(Path.Combine(folder, "herd.md"), report.ToMarkdown(report.WriteChart(folder)));
        Console.WriteLine($"\nReport: {Path.Combine(folder, "herd.md")}");
        return report.Results.Any(r => r.Failures > 0) ? 1 : 0;
    }

    private int Costs(ParseResult parsed)
    {
        if (!OperatingSystem.IsLinux())
            throw new ArgumentException("The costs are measured on Linux only.");
        var folder = Folder(parsed.GetValue(_costsOut)!);
        using var costs = new Costs();
        var report = new CostReport(Machine.Current(), CommandLine(parsed), costs.Measure());
        Console.Write(TextTable.Align(report.Table()));
        File.WriteAllText(Path.Combine(folder, "costs.json"), JsonReport.Write(report));
        File.WriteAllText(Path.Combine(folder, "costs.md"), report.ToMarkdown(report.WriteChart(folder)));
        return 0;
    }

    private int Talk(ParseResult parsed)
    {
        var folder = parsed.GetValue(_talkOut)!;
        var rivals = (parsed.GetValue(_rivals) ?? []).SelectMany(rival => new[] { "--rival", rival });
        string[] rounds = ["--rounds", "5", "--seconds", "1"];
        string[] all = ["compare", "--architectures", "blocking,prefork,threadpool,evented,eager", "--backends", "epoll,select", .. rounds];
        string[] two = ["compare", "--architectures", "prefork,eager", "--backends", "epoll", "--workers", "2", .. rounds];
        string[][] parts =
        [
            ["compare", "costs", "--out", folder],
            ["compare", "herd", "--seconds", "5", "--out", folder],
            [.. all, "--out", folder, .. rivals],
            [.. all, "--load", "close", "--one-processor", "--out", Path.Combine(folder, "busy"), .. rivals],
            [
                .. two, "--worker-models", "thread,process", "--accepts", "shared,reuseport",
                "--load", "close,keepalive", "--one-processor", "--out", Path.Combine(folder, "workers"),
            ],
        ];
        return parts.Select(Run).ToArray().Max();
    }

    private IEnumerable<Variant> OurVariants(ParseResult parsed) =>
        from architecture in List(parsed.GetValue(_architectures))
        from backend in List(Variant.UsesPoller(architecture) ? parsed.GetValue(_backends) : null, none: null)
        from workers in List(parsed.GetValue(_workers)).Select(ParseWorkers)
        where architecture != "blocking" || workers == 1
        from model in List(parsed.GetValue(_models), none: null)
        from accept in List(parsed.GetValue(_accepts), none: null)
        select new Variant
        {
            Architecture = architecture,
            Backend = backend,
            Workers = workers,
            WorkerModel = model,
            Accept = accept,
        };

    private static Variant ParseRival(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var rest = equals < 1 ? [] : text[(equals + 1)..].Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (rest.Length == 0 || !Uri.TryCreate(rest[0], UriKind.Absolute, out var url))
            throw new ArgumentException($"'{text}' is no rival: expected name=http://127.0.0.1:port/, perhaps with a command behind it.");
        _ = LoadPlan.For(url, LoadPattern.Close, 1, 1);
        return new() { Rival = text[..equals], Url = url, Command = rest.ElementAtOrDefault(1) };
    }

    private static LoadPattern ParseLoad(string text) =>
        Enum.TryParse<LoadPattern>(text, ignoreCase: true, out var load) && !char.IsDigit(text[0])
            ? load
            : throw new ArgumentException($"'{text}' is no load: expected close, keepalive or pipeline.");

    private static int ParseWorkers(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 1024
            ? count
            : throw new ArgumentException($"'{text}' is no number of workers: expected 1 to 1024.");

    private static string[] List(string? text) =>
        (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string?[] List(string? text, string? none) => text is null ? [none] : [.. List(text)];

    private static int AtLeast(int least, ParseResult parsed, Option<int> option) => parsed.GetValue(option) is var value && value >= least
        ? value
        : throw new ArgumentException($"{option.Name} must be at least {least}.");

    private static TimeSpan Seconds(ParseResult parsed, Option<double> option, double least) =>
        parsed.GetValue(option) is var value && value >= least && value <= 600
            ? TimeSpan.FromSeconds(value)
            : throw new ArgumentException(FormattableString.Invariant($"{option.Name} must be from {least} to 600 seconds."));

    private static string Folder(string path) => Directory.CreateDirectory(path).FullName;

    private static string CommandLine(ParseResult parsed) => "dotnet run -c Release --project tests/Mux.Benchmarks -- "
        + string.Join(' ', parsed.Tokens.Select(t => t.Value.Contains(' ', StringComparison.Ordinal) ? $"\"{t.Value}\"" : t.Value));

    private static Option<string> Text(string name, string valueName, string standard, string description) =>
        new(name) { HelpName = valueName, DefaultValueFactory = _ => standard, Description = description };

    private static Option<int> Number(string name, int standard, string description) =>
        new(name) { HelpName = "number", DefaultValueFactory = _ => standard, Description = description };

    private static int Refuse(string message)
    {
        Console.Error.WriteLine($"compare: {message.ReplaceLineEndings(" ")}");
        return UsageError;
    }
}
