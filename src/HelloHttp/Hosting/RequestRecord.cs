using System.Buffers;
using System.Net;
using HelloHttp.Http;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>
/// Keeps the books on one connection's requests: counters always, durations and sizes when a collector listens, a line for
/// each when there is an access log.
/// </summary>
/// <remarks>
/// The clock (no system call: the vDSO answers) is read twice for a request, and only if somebody wants durations.
/// Nothing is allocated for a request; with an access log, the peer's address once for a connection.
/// </remarks>
/// <param name="counters">The worker's counters.</param>
/// <param name="metrics">Where durations and sizes go.</param>
/// <param name="log">The worker's part of the access log; null for none.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestRecord(WorkerCounters counters, ServerMetrics metrics, AccessLogBuffer? log, TimeProvider time)
    : Http1Observer
{
    /// <summary>Of a request line, so much is kept for the log.</summary>
    private const int MaxLogged = 1024;

    private const int NotActive = -1;

    private EndPoint? _peer;
    private byte[]? _line;
    private int _lineLength;
    private int _active = NotActive;
    private bool _hasBegun;
    private bool _isTimed;
    private long _began;

    /// <summary>A connection begins.</summary>
    internal void Accepted(EagerSocket socket)
    {
        if (log is not null)
            _peer = socket.GetPeerAddress();
    }

    /// <inheritdoc/>
    public override void OnBegin()
    {
        if (_hasBegun)
            return;
        _hasBegun = true;
        _isTimed = log is not null || metrics.Duration.Enabled;
        if (_isTimed)
            _began = time.GetTimestamp();
    }

    /// <inheritdoc/>
    public override void OnRequestLine(ReadOnlySpan<byte> line, Method method)
    {
        _active = RequestMethods.Index(method);
        counters.Active[_active]++;
        if (log is null)
            return;
        _lineLength = Math.Min(line.Length, MaxLogged);
        _line ??= ArrayPool<byte>.Shared.Rent(MaxLogged);
        line[.._lineLength].CopyTo(_line);
    }

    /// <inheritdoc/>
    public override void OnResponse(in ResponseSummary summary)
    {
        if (summary.Refusal != Refusal.None)
            counters.Refused[(int)summary.Refusal]++;
        counters.RequestContent += summary.Received;
        counters.ResponseContent += summary.Sent;
        var duration = _isTimed ? time.GetElapsedTime(_began) : TimeSpan.Zero;
        metrics.Record(summary, duration, _isTimed);
        log?.Write(new AccessLogEntry
        {
            Peer = _peer,
            Time = time.GetUtcNow(),
            RequestLine = _line.AsSpan(0, _lineLength),
            Summary = summary,
            Duration = duration,
        });
        Forget();
    }

    /// <inheritdoc/>
    public override void OnEnd()
    {
        // The peer, or the drain timeout, has ended the connection in the middle of a request.
        if (_active != NotActive && log is not null)
        {
            log.Write(new AccessLogEntry
            {
                Peer = _peer,
                Time = time.GetUtcNow(),
                RequestLine = _line.AsSpan(0, _lineLength),
                Duration = time.GetElapsedTime(_began),
            });
        }

        Forget();
        _peer = null;
        if (_line is null)
            return;
        ArrayPool<byte>.Shared.Return(_line);
        _line = null;
    }

    private void Forget()
    {
        if (_active != NotActive)
            counters.Active[_active]--;
        _active = NotActive;
        _hasBegun = _isTimed = false;
        _lineLength = 0;
    }
}
