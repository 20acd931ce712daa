using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using HelloHttp.Http;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>
/// What operators measure, under the meter <c>HelloHttp</c>; the names are those of OpenTelemetry's HTTP server metrics where it
/// has one. Counters are observed: the workers count for themselves, and somebody adds up only when somebody asks. The
/// histograms cost two comparisons for a request when nobody listens.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    internal const string MeterName = "HelloHttp";

    private static readonly Refusal[] Reasons = [.. Enum.GetValues<Refusal>().Where(r => r != Refusal.None)];

    // Boxed once: a tag's value is an object.
    private static readonly object[] Statuses = [.. Enumerable.Range(0, 600).Select(object (s) => s)];

    private static readonly string[] ErrorTypes =
        [.. Enumerable.Range(0, 600).Select(s => s.ToString(CultureInfo.InvariantCulture))];

    private readonly Meter _meter;
    private readonly Histogram<long> _requestSize;
    private readonly Histogram<long> _responseSize;
    private readonly Lock _lock = new();
    private (WorkerCounters Counters, EventLoop? Loop)[] _workers = [];
    private AccessLog? _accessLog;

    internal ServerMetrics(IMeterFactory? meters = null)
    {
        _meter = meters?.Create(MeterName) ?? new Meter(MeterName);

        // The boundaries that the conventions ask for.
        var seconds = new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        };
        Duration = _meter.CreateHistogram("http.server.request.duration", "s", "Duration of HTTP server requests.", null, seconds);
        _requestSize = _meter.CreateHistogram<long>("http.server.request.body.size", "By", "Size of HTTP server request bodies.");
        _responseSize = _meter.CreateHistogram<long>("http.server.response.body.size", "By", "Size of HTTP server response bodies.");
        _meter.CreateObservableUpDownCounter(
            "http.server.active_requests", Active, "{request}", "Number of active HTTP server requests.");
        Count("http.server.requests", "{request}", "Responses completed, refusals included.", c => c.Requests);
        Count("http.server.connections.accepted", "{connection}", "Connections accepted.", c => c.Accepted);
        Count("http.server.bytes.received", "By", "Bytes received.", c => c.BytesReceived);
        Count("http.server.bytes.sent", "By", "Bytes sent.", c => c.BytesSent);
        Count("http.server.timeouts", "{connection}", "Connections ended because the peer took too long.", c => c.TimedOut);
        Count("http.server.rejected_connections", "{connection}", "Connections answered 503 for want of a place.", c => c.Overloaded);
        Count("http.server.accept.would_block", "{call}", "Accepts that found nobody.", c => c.AcceptWouldBlocks);
        Count("http.server.accept.wasted_wake_ups", "{wake-up}", "Wake-ups for a connection that another worker took.", c => c.WastedWakeUps);
        Count("http.server.accept.failures", "{call}", "Accepts that failed, for want of descriptors above all.", c => c.AcceptFailures);
        _meter.CreateObservableUpDownCounter(
            "http.server.active_connections", () => Sum(c => c.Accepted - c.Closed), "{connection}", "Connections open now.");
        _meter.CreateObservableCounter(
            "http.server.rejected_requests", Rejected, "{request}", "Requests refused, by reason.");
        _meter.CreateObservableCounter(
            "http.server.access_log.dropped", () => _accessLog?.Dropped ?? 0, "{line}", "Lines of the access log that had no room.");
        _meter.CreateObservableCounter(
            "mux.poller.waits", () => Read().Sum(w => w.Loop?.Poller.Statistics.Waits ?? 0), "{call}", "Waits in the poller.");
    }

    /// <summary>The meter that a collector listens to.</summary>
    internal Meter Meter => _meter;

    /// <summary>From a request's first byte to the end of writing its response, in seconds.</summary>
    internal Histogram<double> Duration { get; }

    /// <summary>Makes a worker's counters part of the sums.</summary>
    internal void Add(WorkerCounters counters, EventLoop? loop)
    {
        lock (_lock)
            _workers = [.. _workers, (counters, loop)];
    }

    /// <summary>Makes the lines that a log drops known.</summary>
    internal void Add(AccessLog log) => _accessLog = log;

    /// <summary>The sum over all workers.</summary>
    internal long Sum(Func<WorkerCounters, long> counter) => Read().Sum(w => counter(w.Counters));

    /// <summary>A response has been written; on the worker's thread.</summary>
    /// <param name="summary">The response.</param>
    /// <param name="duration">How long it took.</param>
    /// <param name="isTimed">Whether <paramref name="duration"/> is known.</param>
    internal void Record(in ResponseSummary summary, TimeSpan duration, bool isTimed)
    {
        if (!Duration.Enabled && !_requestSize.Enabled && !_responseSize.Enabled)
            return;
        var tags = new TagList
        {
            { "http.request.method", RequestMethods.Name(RequestMethods.Index(summary.Method)) },
            { "url.scheme", "http" },
            { "http.route", RouteName(summary.Route) },
            { "network.protocol.version", summary.IsHttp10 ? "1.0" : "1.1" },
        };
        if (summary.Status != 0)
            tags.Add("http.response.status_code", Statuses[summary.Status]);

        // A response cut short has a status that tells nothing of it; a client's mistake is no error of the server.
        if (summary.Status >= 500)
            tags.Add("error.type", ErrorTypes[summary.Status]);
        else if (summary.Refusal != Refusal.None && summary.Status < 400)
            tags.Add("error.type", "aborted");
        if (isTimed)
            Duration.Record(duration.TotalSeconds, tags);
        _requestSize.Record(summary.Received, tags);
        _responseSize.Record(summary.Sent, tags);
    }

    public void Dispose() => _meter.Dispose();

    private static string RouteName(Route route) => route switch
    {
        Route.Echo => "/echo",
        Route.Bytes or Route.NoSuchBytes => "/bytes/{count}",
        Route.Health => "/healthz",
        Route.Server => "*",
        _ => "/",
    };

    private void Count(string name, string unit, string description, Func<WorkerCounters, long> counter) =>
        _meter.CreateObservableCounter(name, () => Sum(counter), unit, description);

    private IEnumerable<Measurement<long>> Active() =>
        from index in Enumerable.Range(0, RequestMethods.Count)
        select new Measurement<long>(
            Sum(c => c.Active[index]), new("http.request.method", RequestMethods.Name(index)), new("url.scheme", "http"));

    private IEnumerable<Measurement<long>> Rejected() =>
        from reason in Reasons
        let count = Sum(c => c.Refused[(int)reason])
        where count > 0
        select new Measurement<long>(count, new KeyValuePair<string, object?>("reason", reason.ToString()));

    /// <summary>The workers, each with its loop if it has one.</summary>
    internal IReadOnlyList<(WorkerCounters Counters, EventLoop? Loop)> Workers => Read();

    private (WorkerCounters Counters, EventLoop? Loop)[] Read() => Volatile.Read(ref _workers);
}
