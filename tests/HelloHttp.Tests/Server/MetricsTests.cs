using System.Diagnostics.Metrics;
using HelloHttp.Hosting;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>What a collector of metrics sees.</summary>
public sealed class MetricsTests
{
    public static TheoryData<string> Available => Backends.Available;

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
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Equal(ServerMetrics.MeterName, server.Meter.Name);
        return measured;
    }
}
