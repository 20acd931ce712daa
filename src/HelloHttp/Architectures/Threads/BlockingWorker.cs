using HelloHttp.Configuration;
using HelloHttp.Hosting;
using HelloHttp.Http;
using HelloHttp.Tracing;
using Mux;

namespace HelloHttp.Architectures.Threads;

/// <summary>
/// Serves one connection after another on one thread, sleeping in recv and send: what the loops of the talk do between accept
/// and close.
/// </summary>
/// <remarks>
/// Per request one recv and one send. Timeouts and the stop are seen when a call returns, which it does after a tick at
/// the latest: so much later than asked a timeout may come. While it waits for one peer it serves nobody else; so a connection
/// that nothing is asked of, or that has had its turn, gives its place up when others wait.
/// </remarks>
internal sealed partial class BlockingWorker
{
    private readonly ServerContext _context;
    private readonly StopSignal _stop;
    private readonly StopWitness _witness;
    private readonly Func<bool> _doOthersWait;
    private readonly LoopClock _clock;
    private readonly WorkerBuffers _buffers;
    private readonly RequestRecord _record;
    private readonly Http1 _http;
    private EagerSocket _socket;
    private ConnectionTrace? _trace;

    /// <summary>Makes a worker; the thread is its owner's.</summary>
    /// <param name="name">The thread's name.</param>
    /// <param name="context">What all architectures share.</param>
    /// <param name="stop">When to stop.</param>
    /// <param name="witness">The thread's sight of it.</param>
    /// <param name="doOthersWait">Whether connections wait for a worker; not asked any more once the stop is seen.</param>
    internal BlockingWorker(
        string name, ServerContext context, StopSignal stop, StopWitness witness, Func<bool> doOthersWait)
    {
        Name = name;
        _context = context;
        _stop = stop;
        _witness = witness;
        _doOthersWait = doOthersWait;
        _clock = new LoopClock(context.Time);
        _buffers = new WorkerBuffers(context.Service, _clock);
        _record = new RequestRecord(Counters, context.Metrics, context.AccessLog?.Shared, context.Time);
        _http = new Http1(context.Service, _record);
    }

    internal string Name { get; }

    internal WorkerCounters Counters { get; } = new();

    /// <summary>Connections that were cut off when the time to drain was over.</summary>
    internal int CutOff { get; private set; }

    private ServerOptions Options => _context.Options;

    /// <summary>Serves a connection to its end.</summary>
    internal void Serve(Accepted connection)
    {
        _socket = connection.Socket;
        _trace = connection.Trace;
        _trace?.ServedBy(Name);
        _clock.NextBatch();
        try
        {
            _record.Accepted(_socket);
            Begin();
            Converse();
        }
        catch (Exception e)
        {
            ServerLog.HandlerFailed(_context.Logger, Name, e);
            Abort();
        }

        _http.Reset();
        _context.Admission.Leave();
        Counters.Closed++;
    }

    /// <summary>Receive, answer, send; close.</summary>
    private void Converse()
    {
        Span<byte> input = _buffers.Input, output = _buffers.Output;
        int start = 0, end = 0;
        var drained = false;
        while (true)
        {
            var exchange = new Exchange(input[start..end], output);
            var step = Advance(ref exchange);
            start = end - exchange.Input.Length;
            if (!Send(output[..^exchange.Output.Length]))
                return;
            switch (step)
            {
                case Step.Close:
                    End(drained);
                    return;
                case Step.Send:
                    continue;
            }

            input[start..end].CopyTo(input);
            end -= start;
            start = 0;
            var received = Receive(input[end..]);
            if (received == 0)
                return;
            drained = received < input.Length - end;
            end += received;
        }
    }

    private Step Advance(ref Exchange exchange)
    {
        var answered = _http.Requests;
        var (unread, room) = (exchange.Input.Length, exchange.Output.Length);
        var step = _http.Advance(ref exchange, _buffers.Date);
        Counters.Requests += _http.Requests - answered;
        _trace?.Parse(step, unread - exchange.Input.Length, _http.Requests - answered, room - exchange.Output.Length);
        return step;
    }

    /// <summary>One recv, and one more for each tick in which nothing comes.</summary>
    /// <returns>The bytes received; 0 when the connection has ended.</returns>
    private int Receive(Span<byte> buffer)
    {
        BeginWait();
        while (MayWait())
        {
            var received = _socket.TryReceive(buffer);
            _clock.NextBatch();
            SeeStop();
            if (received.IsWouldBlock)
                continue;
            _trace?.Receive(received);
            Counters.BytesReceived += received.Count;
            if (received.IsDone)
                return received.Count;

            // The end of the stream, or a reset. Everything that was complete has been answered.
            Close();
        }

        return 0;
    }

    /// <summary>Sends it all: one send, and one more for each tick in which the peer does not take what is left.</summary>
    /// <returns>False when the connection has ended.</returns>
    private bool Send(ReadOnlySpan<byte> bytes)
    {
        long stalledSince = 0, stretchSince = 0, taken = 0;
        while (!bytes.IsEmpty)
        {
            if (!MaySend(stalledSince))
                return false;
            var sent = _socket.TrySend(bytes);
            SeeStop();
            _trace?.Send(sent, bytes.Length);
            Counters.BytesSent += sent.Count;
            bytes = bytes[sent.Count..];
            taken += sent.Count;
            if (sent.IsDone)
            {
                stalledSince = 0;
            }
            else if (sent.IsWouldBlock)
            {
                _clock.NextBatch();
                if (stalledSince == 0)
                    stalledSince = _clock.Timestamp;
                if (!HasWriteRate(ref stretchSince, ref taken))
                    return false;
            }
            else
            {
                Close();
                return false;
            }
        }

        return true;
    }
}
