using System.Diagnostics;
using System.Net;

namespace Mux.Benchmarks.Compare.Load;

/// <summary>One thread of clients: an event loop and its share of the connections.</summary>
internal sealed class LoadWorker : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly LoadPlan _plan;
    private readonly Stack<LoadConnection> _idle = new();
    private readonly LoadConnection[] _connections;
    private readonly LoopTimer _tick;
    private long _nextTick;
    private int _active;
    private long _end;
    private long _left;

    /// <summary>Makes the clients; none asks yet.</summary>
    internal LoadWorker(LoadPlan plan, ResponseTemplate template, ResponseTemplate? closing, int connections, IPoller poller)
    {
        _plan = plan;
        Template = template.Copy();
        ClosingTemplate = closing?.Copy();
        Address = plan.Target.Serialize();
        Requests = [.. Enumerable.Repeat(plan.Request, plan.RequestsAtOnce).SelectMany(r => r)];
        Loop = new EventLoop(poller, new EventLoopOptions { Name = "load" });
        _left = plan.Requests > 0 ? plan.Requests : long.MaxValue;
        _connections = [.. Enumerable.Range(0, connections).Select(_ => new LoadConnection(this))];
        _tick = new LoopTimer(Loop, static worker => ((LoadWorker)worker!).Tick(), this);
    }

    internal EventLoop Loop { get; }

    internal ResponseTemplate Template { get; }

    internal ResponseTemplate? ClosingTemplate { get; }

    internal SocketAddress Address { get; }

    internal byte[] Requests { get; }

    internal byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(64 * 1024, pinned: true);

    internal LoadPattern Pattern => _plan.Pattern;

    internal int RequestsAtOnce => _plan.RequestsAtOnce;

    internal LatencyHistogram Latencies { get; } = new();

    internal long Failures { get; private set; }

    internal string? FirstFailure { get; private set; }

    /// <summary>Runs on the calling thread until every client has ended.</summary>
    /// <param name="duration">How long they go on asking.</param>
    internal void Run(TimeSpan duration)
    {
        _end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var guard = new LoopTimer(Loop, static worker => ((LoadWorker)worker!).Expire(), this);
        Loop.Post(() =>
        {
            guard.Arm(duration + Patience);
            if (_plan.Rate > 0)
                BeginTicking();
            else
                BeginAll();
        });
        Loop.Run();
    }

    /// <summary>Whether there is time and a request left; takes it.</summary>
    internal bool MayAsk()
    {
        if (_left < RequestsAtOnce || Stopwatch.GetTimestamp() >= _end)
            return false;
        _left -= RequestsAtOnce;
        return true;
    }

    /// <summary>Responses are there and right. Those that come when the time is over don't count.</summary>
    /// <param name="began">When they were asked for.</param>
    /// <param name="count">How many.</param>
    internal void Complete(long began, int count)
    {
        var now = Stopwatch.GetTimestamp();
        if (now >= _end)
            return;
        var nanoseconds = (long)((now - began) * (1e9 / Stopwatch.Frequency));
        for (var i = 0; i < count; i++)
            Latencies.Record(nanoseconds);
    }

    /// <summary>A connection has come to its regular end.</summary>
    internal void OnEnded(LoadConnection connection)
    {
        if (_plan.Rate > 0)
        {
            _idle.Push(connection);
            Leave();
        }
        else if (MayAsk())
        {
            connection.Begin();
        }
        else
        {
            Leave();
        }
    }

    /// <summary>A connection has failed: it is out of the game, so that a server that refuses is not asked in a tight loop.</summary>
    internal void OnFailed(string reason)
    {
        Failures++;
        FirstFailure ??= reason;
        Leave();
    }

    public void Dispose() => Loop.Dispose();

    private void BeginAll()
    {
        _active = _connections.Length;
        foreach (var connection in _connections)
            OnEnded(connection);
    }

    private void BeginTicking()
    {
        foreach (var connection in _connections)
            _idle.Push(connection);
        _active = 1; // The clock itself.
        _nextTick = Stopwatch.GetTimestamp();
        Tick();
    }

    private void Tick()
    {
        if (!MayAsk())
        {
            Leave();
            return;
        }

        // By the clock and not from tick to tick: what is late once does not lower the rate.
        _nextTick += Stopwatch.Frequency / _plan.Rate;
        var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), Math.Max(_nextTick, Stopwatch.GetTimestamp()));
        _tick.Arm(wait < TimeSpan.Zero ? TimeSpan.Zero : wait);
        if (_idle.TryPop(out var connection))
        {
            _active++;
            connection.Begin();
        }
        else
        {
            Failures++;
            FirstFailure ??= "the server is slower than the rate asked for";
        }
    }

    private void Leave()
    {
        if (--_active == 0)
            Loop.Stop();
    }

    private void Expire()
    {
        foreach (var connection in _connections)
            connection.Expire();
    }
}
