using System.Diagnostics.Metrics;
using HelloHttp.Hosting;
using HelloHttp.Http;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>What a collector of metrics sees.</summary>
public sealed class MetricsTests
{
    public static TheoryData<string> Available => Backends.Available;

    public static TheoryData<string> Everywhere => Servers.All;

    [Theory]
    [MemberData(nameof(Available))]
    public async Task The_instruments_tell_what_happened(string backend)
    {
        await using var server = new TestServer(backend);
        using var kept = await server.ConnectAsync();
        await kept.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var answer = await kept.ReadResponseAsync();
        using (var refused = await server.ConnectAsync())
        {
            await refused.SendAsync("GET / HTTP/1.1\r\n\r\n");
            refused.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            await refused.ReadToEndAsync();
        }

        await TestServer.Until(() => server.OpenConnections == 1, "the refused one ends");
        var measured = Measure(server);
        Assert.Equal(2, measured["http.server.connections.accepted"]);
        Assert.Equal(1, measured["http.server.active_connections"]);
        Assert.Equal(2, measured["http.server.requests"]);
        Assert.Equal(1, measured["http.server.rejected_requests MissingHost"]);
        Assert.True(measured["http.server.bytes.sent"] > answer.Length);
        Assert.True(measured["mux.poller.waits"] > 0);
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task Durations_and_sizes_carry_the_conventions_names_and_nothing_that_a_client_made_up(string name)
    {
        await using var server = new TestServer(name);
        var measured = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter, server.Meter) && !instrument.IsObservable)
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
        {
            Assert.True(value >= 0);
            measured.Enqueue($"{instrument.Name} {Text(tags)}");
        });
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Enqueue($"{instrument.Name}={value} {Text(tags)}"));
        listener.Start();
        using var socket = await server.ConnectAsync();
        await socket.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
        await socket.ReadResponseAsync();
        await socket.SendAsync("MADEUP /x HTTP/1.1\r\nHost: a\r\n\r\n");
        await socket.ReadResponseAsync();
        await TestServer.Until(() => measured.Count == 6, "both are reported");
        const string Echo = "http.request.method=POST url.scheme=http http.route=/echo network.protocol.version=1.1 http.response.status_code=200";
        const string Other = "http.request.method=_OTHER url.scheme=http http.route=/ network.protocol.version=1.1 http.response.status_code=501 error.type=501";
        Assert.Equal(
            [
                $"http.server.request.duration {Echo}", $"http.server.request.body.size=3 {Echo}", $"http.server.response.body.size=3 {Echo}",
                $"http.server.request.duration {Other}", $"http.server.request.body.size=0 {Other}",
                $"http.server.response.body.size={server.Service[Refusal.UnknownMethod].Body.Length} {Other}",
            ],
            measured);
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task A_request_is_active_from_its_request_line_to_its_response_or_to_the_end_of_its_connection(string name)
    {
        await using var server = new TestServer(name);
        using (var socket = await server.ConnectAsync())
        {
            await socket.SendAsync("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
            await TestServer.Until(() => Measure(server)["http.server.active_requests POST http"] == 1, "it is active");
            await socket.SendAsync("bc");
            await socket.ReadResponseAsync();
            await TestServer.Until(() => Measure(server)["http.server.active_requests POST http"] == 0, "it is answered");
            await socket.SendAsync("GET / HTTP/1.1\r\nHo");
            await TestServer.Until(() => Measure(server)["http.server.active_requests GET http"] == 1, "the next is active");
        }

        await TestServer.Until(() => Measure(server)["http.server.active_requests GET http"] == 0, "its connection ends");
    }

    [Fact]
    public async Task Every_refusal_on_a_connection_counts_not_only_the_last()
    {
        await using var server = new TestServer("eager");
        using var socket = await server.ConnectAsync();
        for (var i = 0; i < 2; i++)
        {
            await socket.SendAsync("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n");
            await socket.ReadResponseAsync();
        }

        Assert.Equal(2, Measure(server)["http.server.rejected_requests MethodNotAllowed"]);
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));

    private static Dictionary<string, long> Measure(TestServer server)
    {
        var measured = new Dictionary<string, long>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter, server.Meter))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            measured[string.Join(' ', [instrument.Name, .. tags.ToArray().Select(t => t.Value?.ToString())])] = value);
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => { });
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(ServerMetrics.MeterName, server.Meter.Name);
        return measured;
    }
}
