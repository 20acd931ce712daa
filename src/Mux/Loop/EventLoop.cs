using System.Diagnostics;

namespace Mux;

/// <summary>
/// One thread, one poller: waits, and calls the watchers, timers and posted callbacks that are due. Costs one system call
/// per batch of events and nothing per event beyond a table look-up and a virtual call; allocates nothing once its tables
/// have grown.
/// </summary>
/// <remarks>
/// <para>
/// <b>Threads.</b> <see cref="Run"/> uses the caller's thread, <see cref="Start"/> one of its own. Watchers, timers and
/// posted callbacks run on that thread and nowhere else. <see cref="Post(Action{object?}, object?)"/>, <see cref="Stop"/>,
/// <see cref="StopAsync"/>, <see cref="IsStopRequested"/>, <see cref="Completion"/>, <see cref="IsLoopThread"/>,
/// <see cref="Statistics"/> and <see cref="Dispose"/> may be called from any thread; everything else only on the loop's thread,
/// or by one thread at a time before the loop has been started and after it has stopped. Elsewhere a method throws
/// <see cref="InvalidOperationException"/> and changes nothing; <see cref="Clock"/> and <see cref="RegistrationCount"/> are not
/// checked.
/// </para>
/// <para>
/// <b>A turn</b> is, in this order: one wait, which does not sleep when something is due already; the events of that batch;
/// the watchers that had asked to be run again before this turn's events or during earlier turns; the timers that are due;
/// posted callbacks. What timers, posts and run-again requests ask for of their own kind comes in a later turn, after
/// another look at the poller: none of them can starve the sockets, nor the sockets them. Timers and posts have a budget
/// per turn (<see cref="EventLoopOptions.TimerBudget"/>, <see cref="EventLoopOptions.PostBudget"/>).
/// </para>
/// <para>
/// <b>Re-entrancy.</b> All calls are allowed inside a handler, and take effect at once. An event that the wait had
/// collected before its registration was modified, unregistered or replaced is never delivered: what still holds is
/// reported by a later wait, what does not is no concern of the new registration. <see cref="Run"/> inside a handler
/// throws.
/// </para>
/// <para>
/// <b>Exceptions.</b> A watcher whose method throws is reported (<see cref="EventLoopOptions.OnFault"/>), unregistered, and
/// told (<see cref="Watcher.OnFaulted"/>); a timer or posted callback that throws is reported. The loop goes on with
/// the next. Only the poller's own failure ends it: then <see cref="Run"/> throws and <see cref="Completion"/> fails.
/// </para>
/// <para>
/// <b>Posts</b> run in the order in which they were posted, whichever threads they come from. A post that returned true runs
/// exactly once, unless the loop is disposed without ever having run or its poller fails.
/// </para>
/// <para>
/// <b>Stop</b> takes effect at the end of the turn. Posts are refused from then on, those taken before are run; then each
/// watcher that is registered or waits to be run again is unregistered and told (<see cref="Watcher.OnStopped"/>), in no
/// particular order; armed timers are disarmed without firing. In OnStopped nothing can be registered or armed any more.
/// A loop cannot be started twice.
/// </para>
/// <para>
/// <b>Ownership.</b> The loop owns its poller and disposes it. It never owns a descriptor: watchers close their own, after
/// unregistering.
/// </para>
/// </remarks>
public sealed partial class EventLoop : IDisposable
{
    private enum Phase
    {
        Created,
        Running,
        Stopping,
        Stopped,
    }

    private readonly IPoller _poller;
    private readonly Action<EventLoopFault>? _onFault;
    private readonly PollEvent[] _events;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _phase; // Phase, changed with Interlocked where threads may meet.
    private int _threadId; // 0 until the loop is started: then any one thread may set it up.
    private volatile bool _stopRequested;
    private volatile bool _disposed;

    /// <summary>Makes a loop over a poller, which it owns from now on.</summary>
    /// <param name="poller">The poller; nobody else waits on it.</param>
    /// <param name="options">The options; null for the defaults. Read once.</param>
    /// <exception cref="ArgumentOutOfRangeException">A batch size or budget below one.</exception>
    public EventLoop(IPoller poller, EventLoopOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(poller);
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PostBudget, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TimerBudget, 1, nameof(options));
        _poller = poller;
        Name = options.Name;
        _onFault = options.OnFault;
        _postBudget = options.PostBudget;
        _timerBudget = options.TimerBudget;
        _events = new PollEvent[options.BatchSize];
        Clock = new(options.TimeProvider);
        _wakeTimer = new(this);
    }

    /// <summary>The loop's name.</summary>
    public string Name { get; }

    /// <summary>The poller, for its name, features, statistics and registrations. Only the loop waits on it.</summary>
    public IPoller Poller => _poller;

    /// <summary>The time of this batch. On the loop's thread only.</summary>
    public LoopClock Clock { get; }

    /// <summary>Completed when the loop has stopped; failed when its poller did.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Whether the caller is on the loop's thread.</summary>
    public bool IsLoopThread => _threadId == Environment.CurrentManagedThreadId;

    /// <summary>Whether the loop has been asked to stop. From any thread.</summary>
    public bool IsStopRequested => _stopRequested;

    /// <summary>The loop's counters.</summary>
    public EventLoopStatistics Statistics => new()
    {
        Turns = Volatile.Read(ref _turns),
        Events = Volatile.Read(ref _delivered),
        StaleEvents = Volatile.Read(ref _stale),
        Posts = Volatile.Read(ref _posts),
        Timers = Volatile.Read(ref _timersFired),
        RunAgains = Volatile.Read(ref _runAgains),
        Faults = Volatile.Read(ref _faults),
    };

    /// <summary>Runs the loop on a thread of its own, a background thread that carries its name. Returns at once.</summary>
    /// <exception cref="InvalidOperationException">The loop was started before.</exception>
    /// <exception cref="ObjectDisposedException">The loop is disposed.</exception>
    /// <exception cref="OutOfMemoryException">The system has no thread left, or no descriptor or memory for one.</exception>
    public void Start()
    {
        Enter();

        // The owner is set before the thread runs, so that the caller cannot go on setting the loop up beside it.
        var thread = new Thread(static state => ((EventLoop)state!).RunToTheEnd(isOwnThread: true)) { Name = Name, IsBackground = true };
        _threadId = thread.ManagedThreadId;
        try
        {
            thread.UnsafeStart(this);
        }
        catch (Exception e)
        {
            // There will be nobody to complete it.
            _postQueue.Close();
            Volatile.Write(ref _phase, (int)Phase.Stopped);
            _completion.TrySetException(e);
            throw;
        }
    }

    /// <summary>Runs the loop on the caller's thread; returns when it has been stopped.</summary>
    /// <exception cref="InvalidOperationException">The loop was started before.</exception>
    /// <exception cref="ObjectDisposedException">The loop is disposed, or its poller was while it ran.</exception>
    public void Run()
    {
        Enter();
        _threadId = Environment.CurrentManagedThreadId;
        RunToTheEnd(isOwnThread: false);
    }

    /// <summary>Asks the loop to stop at the end of its turn. From any thread; returns at once; a loop not yet started stops on its first turn.</summary>
    public void Stop()
    {
        _stopRequested = true;
        WakeIfSleeping();
    }

    /// <summary>Asks the loop to stop and waits until it has.</summary>
    /// <param name="timeout">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <returns>
    /// Whether it has stopped or was never started; false after the timeout, when it may still stop later.
    /// </returns>
    public async Task<bool> StopAsync(TimeSpan timeout)
    {
        Stop();
        if (Volatile.Read(ref _phase) == (int)Phase.Created)
            return true;
        var ended = await Task.WhenAny(Completion, Task.Delay(timeout)).ConfigureAwait(false);
        return ended == Completion;
    }

    /// <summary>
    /// Stops the loop if it runs, waits until it has stopped, and disposes the poller. On the loop's own thread it does
    /// not wait: the poller is disposed when the loop ends.
    /// </summary>
    public void Dispose()
    {
        _disposed = true;
        Stop();
        if (Interlocked.CompareExchange(ref _phase, (int)Phase.Stopped, (int)Phase.Created) == (int)Phase.Created)
        {
            _postQueue.Close();
            _completion.TrySetResult();
            _wakeTimer.Dispose();
            _poller.Dispose();
            return;
        }

        if (!IsLoopThread)
            ((IAsyncResult)Completion).AsyncWaitHandle.WaitOne();
        _wakeTimer.Dispose();
        if (Completion.IsCompleted)
            _poller.Dispose();
    }

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Interlocked.CompareExchange(ref _phase, (int)Phase.Running, (int)Phase.Created) != (int)Phase.Created)
            throw new InvalidOperationException($"{Name}: the loop was started already; a loop runs once.");
    }

    private void RunToTheEnd(bool isOwnThread)
    {
        Exception? failure = null;
        try
        {
            while (!_stopRequested)
                Turn();
            FinishPosts();
        }
        catch (Exception e)
        {
            failure = e;
            if (!isOwnThread)
                throw;

            // Nobody could catch it on this thread; Completion carries it to whoever waits for the loop.
            Report(e, this);
        }
        finally
        {
            _postQueue.Close();
            StopRegistrations();
            Volatile.Write(ref _phase, (int)Phase.Stopped);
            if (_disposed)
                _poller.Dispose();
            if (failure is null)
                _completion.TrySetResult();
            else
                _completion.TrySetException(failure);
        }
    }

    /// <summary>Everything but Post and Stop belongs to the loop's thread, until there is nothing left to protect.</summary>
    private void ThrowIfForeign()
    {
        if (_threadId != Environment.CurrentManagedThreadId && _threadId != 0
            && Volatile.Read(ref _phase) != (int)Phase.Stopped)
        {
            throw new InvalidOperationException(
                $"{Name}: called from thread {Environment.CurrentManagedThreadId}, but only the loop's own thread may; use Post.");
        }
    }

    private void ThrowIfForeignOrStopping()
    {
        ThrowIfForeign();
        ObjectDisposedException.ThrowIf(_disposed && _phase == (int)Phase.Stopped, this);
        if (_phase >= (int)Phase.Stopping)
            throw new InvalidOperationException($"{Name}: the loop is stopping; nothing can be registered or armed any more.");
    }

    /// <summary>Tells the owner, who may throw too: never let that end the loop.</summary>
    private void Report(Exception exception, object? origin)
    {
        _faults++;
        try
        {
            if (_onFault is not null)
                _onFault(new(this, exception, origin));
            else
                Trace.TraceError($"{Name}: {origin} threw {exception}");
        }
        catch (Exception e)
        {
            Trace.TraceError($"{Name}: reporting {exception} threw {e}");
        }
    }
}
