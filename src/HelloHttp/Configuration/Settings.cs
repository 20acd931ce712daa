using HelloHttp.Architectures;
using HelloHttp.Http;
using Mux;

namespace HelloHttp.Configuration;

/// <summary>Everything that can be set, in the order of the help text.</summary>
internal static class Settings
{
    internal static IReadOnlyList<Setting> All { get; } =
    [
        new("--host", Key(nameof(ServerOptions.Host)), "address",
            "Where to listen: localhost (127.0.0.1 and ::1), an address or name of this machine, * for all, or unix:/path [default: localhost]")
        {
            Parse = (options, text) =>
            {
                options.Host = text;
                return text.Length == 0 ? "expected an address, a name, * or unix:/path" : null;
            },
        },
        new("--port", Key(nameof(ServerOptions.Port)), "number", "Port to listen on; 0 takes a free one [default: 8000]")
        {
            Parse = (options, text) => Set(ValueText.Number(text, 0, 65535, out var value), value, v => options.Port = v),
        },
        new("--backend", $"{MuxOptions.Section}:{nameof(MuxOptions.Backend)}", "name",
            "How to wait for sockets: auto, epoll (Linux), kqueue (macOS, FreeBSD) or select [default: auto]"),
        new("--workers", Key(nameof(ServerOptions.Workers)), "number",
            "How many serve (prefork: for each address), each with an event loop where there are any [default: one per core; blocking 1; threadpool 8 per core]")
        {
            Parse = (options, text) => Set(ValueText.Number(text, 1, 1024, out var value), value, v => options.Workers = v),
        },
        new("--architecture", Key(nameof(ServerOptions.Architecture)), "name",
            $"Shape of the server: {string.Join(", ", Architecture.Names)} [default: {Architecture.Default}]")
        {
            Parse = (options, text) =>
            {
                options.Architecture = text;
                return Architecture.Find(text) is null ? $"expected {string.Join(" or ", Architecture.Names)}" : null;
            },
        },
        new("--worker-model", Key(nameof(ServerOptions.WorkerModel)), "thread|process",
            "What a worker is: a thread, or a process under a supervisor that replaces it when it dies (not on Windows) [default: thread]")
        {
            Parse = (options, text) => Choice<WorkerModel>(text, v => options.WorkerModel = v),
        },
        new("--accept", Key(nameof(ServerOptions.Accept)), "shared|reuseport",
            "Workers share listeners, or each has its own on the same port and the kernel deals connections out (Linux, FreeBSD) [default: shared]")
        {
            Parse = (options, text) => Choice<AcceptMode>(text, v => options.Accept = v),
        },
        new("--exclusive", Key(nameof(ServerOptions.Exclusive)), "true|false",
            "Wake one of the workers that wait for a shared listener instead of all (epoll)")
        {
            IsFlag = true,
            Parse = (options, text) => Set(ValueText.Flag(text, out var value), value, v => options.Exclusive = v),
        },
        new("--trace", Key(nameof(ServerOptions.Trace)), "true|false", "Print what happens to each connection as it happens")
        {
            IsFlag = true,
            Parse = (options, text) => Set(ValueText.Flag(text, out var value), value, v => options.Trace = v),
        },
        new("--body", Key(nameof(ServerOptions.Body)), "text", "What / answers, in UTF-8 [default: hello]")
        {
            Parse = (options, text) =>
            {
                options.Body = text;
                return null;
            },
        },
        new("--backlog", Key(nameof(ServerOptions.Backlog)), "number",
            "Connections the kernel queues before they are accepted [default: 4096]")
        {
            Parse = (options, text) => Set(ValueText.Number(text, 1, int.MaxValue, out var value), value, v => options.Backlog = v),
        },
        new("--max-connections", Key(nameof(ServerOptions.MaxConnections)), "number",
            "Connections served at a time, see --when-full for more; 0 is no limit [default: 0]")
        {
            Parse = (options, text) => Set(
                ValueText.Number(text, 0, int.MaxValue, out var value), value, v => options.MaxConnections = v),
        },
        new("--when-full", Key("WhenFull"), "wait|503",
            "What becomes of connections beyond --max-connections: they wait to be accepted, or get 503 [default: wait]")
        {
            Parse = (options, text) =>
            {
                options.RefusesWhenFull = text == "503";
                return text is "503" or "wait" ? null : "expected wait or 503";
            },
        },
        new("--max-request-line", Key(nameof(HttpLimits.MaxRequestLine)), "size", "Longest request line [default: 8KiB]")
        {
            Parse = (options, text) => Size(text, 16, v => options.Limits = options.Limits with { MaxRequestLine = v }),
        },
        new("--max-header-section", Key(nameof(HttpLimits.MaxHeaderSection)), "size", "Largest header section [default: 32KiB]")
        {
            Parse = (options, text) => Size(text, 64, v => options.Limits = options.Limits with { MaxHeaderSection = v }),
        },
        new("--max-fields", Key(nameof(HttpLimits.MaxFields)), "number", "Most fields of one request [default: 100]")
        {
            Parse = (options, text) => Set(
                ValueText.Number(text, 1, 100_000, out var value),
                value,
                v => options.Limits = options.Limits with { MaxFields = v }),
        },
        new("--max-body", Key(nameof(HttpLimits.MaxBody)), "size", "Largest request body; 0 is no limit [default: 30MB]")
        {
            Parse = (options, text) => Set(
                ValueText.Size(text, 0, long.MaxValue, out var value),
                value,
                v => options.Limits = options.Limits with { MaxBody = v }),
        },
        new("--max-requests", Key(nameof(HttpLimits.MaxRequests)), "number",
            "Requests answered on one connection; 0 is no limit [default: 0]")
        {
            Parse = (options, text) => Set(
                ValueText.Number(text, 0, int.MaxValue, out var value),
                value,
                v => options.Limits = options.Limits with { MaxRequests = v }),
        },
        new("--header-timeout", Key(nameof(ServerOptions.HeaderTimeout)), "time",
            "From a request's first byte to the end of its header section, then 408 [default: 10s]")
        {
            Parse = (options, text) => Timeout(text, v => options.HeaderTimeout = v),
        },
        new("--idle-timeout", Key(nameof(ServerOptions.IdleTimeout)), "time",
            "How long a connection may wait for its next request [default: 75s]")
        {
            Parse = (options, text) => Timeout(text, v => options.IdleTimeout = v),
        },
        new("--write-timeout", Key(nameof(ServerOptions.WriteTimeout)), "time",
            "How long a peer may take no byte of its answer [default: 60s]")
        {
            Parse = (options, text) => Timeout(text, v => options.WriteTimeout = v),
        },
        new("--min-write-rate", Key(nameof(ServerOptions.MinWriteRate)), "number",
            "Bytes a second that a peer must take of its answer on average over each --write-timeout; 0 asks for none [default: 240]")
        {
            Parse = (options, text) => Set(
                ValueText.Number(text, 0, int.MaxValue, out var value), value, v => options.MinWriteRate = v),
        },
        new("--min-body-rate", Key(nameof(ServerOptions.MinBodyRate)), "number",
            "Bytes a second that a request body must bring on average; 0 asks for none [default: 240]")
        {
            Parse = (options, text) => Set(
                ValueText.Number(text, 0, int.MaxValue, out var value), value, v => options.MinBodyRate = v),
        },
        new("--body-timeout", Key(nameof(ServerOptions.BodyTimeout)), "time",
            "The stretch over which --min-body-rate is measured [default: 5s]")
        {
            Parse = (options, text) => Timeout(text, v => options.BodyTimeout = v),
        },
        new("--access-log", Key(nameof(ServerOptions.AccessLog)), "file",
            "Write a line for each request to this file, to stdout or to stderr [default: none]")
        {
            Parse = (options, text) =>
            {
                options.AccessLog = text;
                return text.Length == 0 ? "expected a file, stdout or stderr" : null;
            },
        },
        new("--access-log-format", Key("AccessLogFormat"), "common|json", "How the access log is written [default: common]")
        {
            Parse = (options, text) =>
            {
                options.AccessLogIsJson = text == "json";
                return text is "json" or "common" ? null : "expected common or json";
            },
        },
        new("--drain-timeout", Key(nameof(ServerOptions.DrainTimeout)), "time",
            "How long a stop waits for what is owed [default: 10s]")
        {
            Parse = (options, text) => Set(
                ValueText.Duration(text, TimeSpan.Zero, out var value), value, v => options.DrainTimeout = v),
        },
        new("--report-counters", Key(nameof(ServerOptions.ReportCounters)), "true|false",
            "Count system calls, and print the counters as JSON at the end [default: false]")
        {
            IsFlag = true,
            IsDiagnostic = true,
            Parse = (options, text) => Set(ValueText.Flag(text, out var value), value, v => options.ReportCounters = v),
        },
    ];

    // Both are kept in memory, twice over, by every loop.
    private const int MaxHeadSize = 16 * 1024 * 1024;

    private static string Key(string property) => $"{ServerOptions.Section}:{property}";

    private static string? Timeout(string text, Action<TimeSpan> set) =>
        Set(ValueText.Duration(text, TimeSpan.FromMilliseconds(1), out var value), value, set);

    private static string? Size(string text, int least, Action<int> set) =>
        Set(ValueText.Size(text, least, MaxHeadSize, out var value), (int)value, set);

    private static string? Choice<T>(string text, Action<T> set)
        where T : struct, Enum
    {
        // Not Enum.Parse, which also takes numbers and lists of names.
        foreach (var value in Enum.GetValues<T>())
        {
            if (value.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
                return Set(null, value, set);
        }

        return $"expected {string.Join(" or ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}";
    }

    private static string? Set<T>(string? expected, T value, Action<T> set)
    {
        if (expected is null)
            set(value);
        return expected;
    }
}
