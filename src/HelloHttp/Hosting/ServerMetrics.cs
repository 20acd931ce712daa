using System.Diagnostics.Metrics;
using HelloHttp.Http;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>
/// What operators measure, under the meter <c>HelloHttp</c>. All instruments are observed: the workers count for themselves,
/// and somebody adds up only when somebody asks.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    internal const string MeterName = "HelloHttp";

    private static readonly Refusal[] Reasons = [.. Enum.GetValues<Refusal>().Where(r => r != Refusal.None)];

    private readonly Meter _meter;
    private readonly Lock _lock = new();
    private (WorkerCounters Counters, EventLoop? Loop)[] _workers = [];

    internal ServerMetrics(IMeterFactory? meters = null)
    {
        _meter = meters?.Create(MeterName) ?? new Meter(MeterName);
        Count("http.server.requests", "{request}", "Responses completed, refusals included.", c => c.Requests);
        Count("http.server.connections.accepted", "{connection}", "Connections accepted.", c => c.Accepted);
        Count("http.server.bytes.received", "By", "Bytes received.", c => c.BytesReceived);
        Count("http.server.bytes.sent", "By", "Bytes sent.", c => c.BytesSent);
        Count("http.server.timeouts", "{connection}", "Connections ended because the peer took too long.", c => c.TimedOut);
        Count("http.server.accept.would_block", "{call}", "Accepts that found nobody.", c => c.AcceptWouldBlocks);
        Count("http.server.accept.wasted_wake_ups", "{wake-up}", "Wake-ups for a connection that another worker took.", c => c.WastedWakeUps);
        Count("http.server.accept.failures", "{call}", "Accepts that failed, for want of descriptors above all.", c => c.AcceptFailures);
        _meter.CreateObservableUpDownCounter(
            "http.server.active_connections", () => Sum(c => c.Accepted - c.Closed), "{connection}", "Connections open now.");
        _meter.CreateObservableCounter(
            "http.server.rejected_requests", Rejected, "{request}", "Requests refused, by reason.");
        _meter.CreateObservableCounter(
            "mux.poller.waits", () => Read().Sum(w => w.Loop?.Poller.Statistics.Waits ?? 0), "{call}", "Waits in the poller.");
    }

    /// <summary>The meter that a collector listens to.</summary>
    internal Meter Meter => _meter;

    /// <summary>Makes a worker's counters part of the sums.</summary>
    internal void Add(WorkerCounters counters, EventLoop? loop)
    {
        lock (_lock)
            _workers = [.. _workers, (counters, loop)];
    }

    /// <summary>The sum over all workers.</summary>
    internal long Sum(Func<WorkerCounters, long> counter) => Read().Sum(w => counter(w.Counters));

    public void Dispose() => _meter.Dispose();

    private void Count(string name, string unit, string description, Func<WorkerCounters, long> counter) =>
        _meter.CreateObservableCounter(name, () => Sum(counter), unit, description);

    private IEnumerable<Measurement<long>> Rejected() =>
        from reason in Reasons
        let count = Sum(c => c.Refused[(int)reason])
        where count > 0
        select new Measurement<long>(count, new KeyValuePair<string, object?>("reason", reason.ToString()));

    /// <summary>The workers, each with its loop if it has one.</summary>
    internal IReadOnlyList<(WorkerCounters Counters, EventLoop? Loop)> Workers => Read();

    private (WorkerCounters Counters, EventLoop? Loop)[] Read() => Volatile.Read(ref _workers);
}
