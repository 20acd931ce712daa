using System.Runtime.ExceptionServices;
using Mux.Contract.Kernel;

namespace Mux.Contract.Sequences;

/// <summary>A Wait on a thread of its own, of which the test can learn that it is really blocked.</summary>
public sealed class BlockedWait : IDisposable
{
    private readonly IPoller _poller;
    private readonly long _waitsBefore;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _started = new();
    private PollEvent[] _events = [];
    private bool _woken;
    private Exception? _failure;
    private int _threadId;

    private BlockedWait(IPoller poller, int room, TimeSpan timeout)
    {
        _poller = poller;
        _waitsBefore = poller.Statistics.Waits;
        _thread = new Thread(() =>
        {
            _threadId = OperatingSystem.IsLinux() ? Posix.LinuxThreadId() : 0;
            PthreadId = OperatingSystem.IsWindows() ? 0 : Posix.PthreadSelf();
            _started.Set();
            try
            {
                var events = new PollEvent[room];
                var count = poller.Wait(events, timeout, out _woken);
                _events = events[..count];
            }
            catch (Exception e)
            {
                _failure = e;
            }
        })
        { IsBackground = true, Name = "waiter" };
    }

    /// <summary>The thread, for signals.</summary>
    internal nint PthreadId { get; private set; }

    /// <summary>Whether the Wait has ended.</summary>
    public bool IsOver => !_thread.IsAlive;

    /// <summary>What the Wait threw, once it is over.</summary>
    public Exception? Failure => _failure;

    /// <summary>Begins a Wait; its timeout, twice the patience of a test, is only there for a poller that hangs.</summary>
    public static BlockedWait Start(IPoller poller, int room = 16, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(poller);
        var wait = new BlockedWait(poller, room, timeout ?? (2 * Fence.Patience));
        wait._thread.Start();
        return wait;
    }

    /// <summary>Waits until the thread is inside Wait and, where the system tells, asleep there.</summary>
    /// <returns>Whether it is known to be asleep; false where it ended instead or the system does not tell.</returns>
    public bool UntilBlocked()
    {
        _started.Wait();
        Fence.Until(() => IsOver || _poller.Statistics.Waits > _waitsBefore, "Wait to begin");
        if (!OperatingSystem.IsLinux())
            return !IsOver;
        Fence.Until(() => IsOver || IsAsleep(), "Wait to block");
        return !IsOver;
    }

    /// <summary>Waits for the end of the Wait.</summary>
    public (PollEvent[] Events, bool Woken) Result()
    {
        Join();
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
        return (_events, _woken);
    }

    /// <summary>Waits for the end of the Wait, however it ended.</summary>
    public void Join()
    {
        if (!_thread.Join(Fence.Patience))
            throw new TimeoutException($"{_poller.Name}: Wait did not return within {Fence.Patience.TotalSeconds} s.");
    }

    /// <summary>Ends the Wait if it still blocks.</summary>
    public void Dispose()
    {
        if (_thread.IsAlive)
            _poller.Wake();
        _thread.Join(Fence.Patience);
        _started.Dispose();
    }

    // The field after the parenthesized name in proc_pid_stat(5) is S for an interruptible sleep.
    private bool IsAsleep()
    {
        try
        {
            var stat = File.ReadAllText($"/proc/self/task/{_threadId}/stat");
            return stat[stat.LastIndexOf(')') + 2] == 'S';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
