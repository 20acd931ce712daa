using Mux.Select;

namespace Mux.Tests.Select;

/// <summary>A thread that waits once.</summary>
internal sealed class Waiter : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);
    private readonly SelectPoller _poller;
    private readonly PollEvent[] _events = new PollEvent[8];
    private readonly Thread _thread;
    private int _count;
    private Exception? _failure;

    internal Waiter(SelectPoller poller, TimeSpan timeout)
    {
        _poller = poller;
        _thread = new Thread(() =>
        {
            try
            {
                _count = poller.Wait(_events, timeout, out var woken);
                Woken = woken;
            }
            catch (ObjectDisposedException e)
            {
                _failure = e;
            }
        })
        {
            IsBackground = true,
        };
        _thread.Start();
    }

    internal bool Woken { get; private set; }

    internal bool HasReturned => !_thread.IsAlive;

    /// <summary>Returns when a select is in flight.</summary>
    internal void UntilInKernel()
    {
        SpinWait.SpinUntil(() => _poller.InFlight || !_thread.IsAlive, Guard);
        if (!_poller.InFlight && !_thread.IsAlive)
            throw new InvalidOperationException("The wait has ended.");
    }

    internal PollEvent[] Result()
    {
        if (!_thread.Join(Guard))
            throw new TimeoutException("The wait does not end.");
        return _failure is null ? _events[.._count] : throw _failure;
    }

    public void Dispose()
    {
        if (_thread.IsAlive)
            _poller.Wake();
        _thread.Join(Guard);
    }
}
