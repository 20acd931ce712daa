using System.Diagnostics;

namespace Mux.Tests.Loop;

/// <summary>
/// A poller whose Waits follow a script, so that batches, stale events and re-entrancy are exactly what a test wants. Each
/// scripted turn runs on the loop's thread and says what became ready; the key is looked up at that moment, as a kernel does.
/// When the script is over, Wait sleeps until Wake or the timeout like any other.
/// </summary>
internal sealed class ScriptedPoller : IPoller
{
    private readonly object _lock = new();
    private readonly Queue<Func<IEnumerable<(int Descriptor, Readiness Readiness)>>> _script = new();
    private bool _woken;
    private bool _disposed;

    internal Dictionary<nint, (ulong Key, Interest Interest, PollMode Mode)> Registered { get; } = [];

    /// <summary>The timeout of every Wait, the scripted ones included.</summary>
    internal List<TimeSpan> Timeouts { get; } = [];

    internal int Wakes { get; private set; }

    internal int Removes { get; private set; }

    internal PollerError NextError { get; set; }

    /// <summary>Released each time a Wait begins to sleep for want of a script.</summary>
    internal SemaphoreSlim Sleeping { get; } = new(0);

    internal ScriptedPoller Then(params (int Descriptor, Readiness Readiness)[] ready) => Then(() => ready);

    internal ScriptedPoller Then(Action action) => Then(() =>
    {
        action();
        return [];
    });

    internal ScriptedPoller Then(Func<IEnumerable<(int Descriptor, Readiness Readiness)>> turn)
    {
        lock (_lock)
            _script.Enqueue(turn);
        return this;
    }

    public string Name => "script";

    public PollerFeatures Features => PollerFeatures.EdgeTriggered;

    public PollerStatistics Statistics => default;

    public bool IsDisposed => _disposed;

    public PollerError TryAdd(PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level)
    {
        if (TakeError() is var error and not PollerError.None)
            return error;
        return Registered.TryAdd(source.Descriptor, (key, interest, mode))
            ? PollerError.None : PollerError.AlreadyRegistered;
    }

    public PollerError TryModify(PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level)
    {
        if (TakeError() is var error and not PollerError.None)
            return error;
        if (!Registered.ContainsKey(source.Descriptor))
            return PollerError.NotRegistered;
        Registered[source.Descriptor] = (key, interest, mode);
        return PollerError.None;
    }

    public PollerError TryRemove(PollSource source)
    {
        Removes++;
        return Registered.Remove(source.Descriptor) ? PollerError.None : PollerError.NotRegistered;
    }

    public int Wait(Span<PollEvent> events, TimeSpan timeout, out bool woken)
    {
        Func<IEnumerable<(int Descriptor, Readiness Readiness)>>? turn;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Timeouts.Add(timeout);
            _script.TryDequeue(out turn);
        }

        var count = 0;
        if (turn is not null)
        {
            foreach (var (descriptor, readiness) in turn().ToList())
                events[count++] = new(Registered[descriptor].Key, readiness);
        }

        woken = turn is null ? Sleep(timeout) : TakeWoken();
        return count;
    }

    public void Wake()
    {
        lock (_lock)
        {
            Wakes++;
            _woken = true;
            Monitor.PulseAll(_lock);
        }
    }

    public bool TryGetDescriptor(out nint descriptor)
    {
        descriptor = -1;
        return false;
    }

    public IReadOnlyList<PollerRegistration> GetRegistrations() => [];

    public string Explain(PollerError error) => error.ToString();

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Monitor.PulseAll(_lock);
        }
    }

    private PollerError TakeError()
    {
        var error = NextError;
        NextError = PollerError.None;
        return error;
    }

    private bool TakeWoken()
    {
        lock (_lock)
        {
            var woken = _woken;
            _woken = false;
            return woken;
        }
    }

    private bool Sleep(TimeSpan timeout)
    {
        var begin = Stopwatch.GetTimestamp();
        var guard = TimeSpan.FromSeconds(30);
        lock (_lock)
        {
            if (!_woken && timeout != TimeSpan.Zero)
                Sleeping.Release();
            while (!_woken && !_disposed)
            {
                var passed = Stopwatch.GetElapsedTime(begin);
                if (passed > guard)
                    throw new TimeoutException("ScriptedPoller: nobody woke the loop.");
                var left = timeout == Timeout.InfiniteTimeSpan ? guard : timeout - passed;
                if (left <= TimeSpan.Zero)
                    return false;
                Monitor.Wait(_lock, (int)Math.Min(Math.Ceiling(left.TotalMilliseconds), 1000));
            }

            ObjectDisposedException.ThrowIf(_disposed, this);
            return TakeWoken();
        }
    }
}
