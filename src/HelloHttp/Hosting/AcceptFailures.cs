using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace HelloHttp.Hosting;

/// <summary>Tells the operator why accepting pauses, once a second at most however many loops run into it.</summary>
internal sealed class AcceptFailures(ILogger logger, TimeProvider time)
{
    private long _next = long.MinValue;
    private long _since;

    /// <summary>An accept has failed.</summary>
    internal void Report(SocketError error)
    {
        var count = Interlocked.Increment(ref _since);
        var now = time.GetTimestamp();
        var next = Volatile.Read(ref _next);
        if (now < next || Interlocked.CompareExchange(ref _next, now + time.TimestampFrequency, next) != next)
            return;
        Interlocked.Add(ref _since, -count);
        ServerLog.AcceptPaused(logger, error, count);
    }
}
