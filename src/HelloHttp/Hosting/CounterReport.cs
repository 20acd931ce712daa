using System.Text.Json.Nodes;
using HelloHttp.Configuration;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>
/// What one process has counted from its start to the end of its drain, as one line of JSON: for a program that measures it from
/// outside and divides the calls by the requests.
/// </summary>
internal static class CounterReport
{
    /// <summary>The line.</summary>
    internal static string ToJson(ServerOptions options, string backend, ServerMetrics metrics)
    {
        var calls = SocketCallCounts.Read();
        var pollers = metrics.Workers.Where(w => w.Loop is not null).Select(w => w.Loop!.Poller.Statistics).ToArray();
        var report = new JsonObject
        {
            ["counters"] = 1, // The version of this format, and what marks the line.
            ["pid"] = Environment.ProcessId,
            ["architecture"] = options.Architecture,
            ["backend"] = backend,
            ["workers"] = options.Workers,
            ["requests"] = metrics.Sum(c => c.Requests),
            ["accepted"] = metrics.Sum(c => c.Accepted),
            ["acceptWouldBlocks"] = metrics.Sum(c => c.AcceptWouldBlocks),
            ["wastedWakeUps"] = metrics.Sum(c => c.WastedWakeUps),
            ["calls"] = new JsonObject
            {
                ["accept"] = calls.Accepts,
                ["recv"] = calls.Receives,
                ["send"] = calls.Sends,
                ["close"] = calls.Closes,
                ["other"] = calls.Others + calls.Connects,
            },
            ["poller"] = new JsonObject
            {
                ["polls"] = pollers.Sum(p => p.Polls),
                ["changes"] = pollers.Sum(p => p.Changes),
                ["wakes"] = pollers.Sum(p => p.Wakes),
                ["events"] = pollers.Sum(p => p.Events),
            },
        };
        return report.ToJsonString();
    }
}
