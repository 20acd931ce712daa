namespace Mux;

/// <content>What a turn does.</content>
public sealed partial class EventLoop
{
    private readonly PostQueue _postQueue = new();
    private readonly TimerQueue _timers = new();
    private readonly WakeTimer _wakeTimer;
    private readonly int _postBudget;
    private readonly int _timerBudget;
    private int _sleeping; // 1 while a poster has to wake the poller.
    private long _turns;
    private long _delivered;
    private long _stale;
    private long _posts;
    private long _timersFired;
    private long _runAgains;
    private long _faults;

    /// <summary>
    /// Has a callback run on the loop's thread. From any thread; allocates nothing unless the queue has to grow; at most one
    /// wake for a burst of posts.
    /// </summary>
    /// <param name="callback">What to call; a static lambda with <paramref name="state"/> allocates nothing.</param>
    /// <param name="state">What to hand to it.</param>
    /// <returns>False if the loop stops or has stopped: the callback will not run.</returns>
    public bool Post(Action<object?> callback, object? state)
    {
        ArgumentNullException.ThrowIfNull(callback);
        if (!_postQueue.TryEnqueue(callback, state))
            return false;
        WakeIfSleeping();
        return true;
    }

    /// <summary>Has a callback run on the loop's thread, as <see cref="Post(Action{object?}, object?)"/>.</summary>
    /// <param name="callback">What to call.</param>
    /// <returns>False if the loop stops or has stopped: the callback will not run.</returns>
    public bool Post(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return Post(static state => ((Action)state!)(), callback);
    }

    internal void Arm(LoopTimer timer, TimeSpan delay)
    {
        ThrowIfForeignOrStopping();
        if (delay < TimeSpan.Zero)
        {
            if (delay != Timeout.InfiniteTimeSpan)
                throw new ArgumentOutOfRangeException(nameof(delay), delay, "LoopTimer: a delay is positive, zero or infinite.");
            _timers.Cancel(timer);
            return;
        }

        // Before the first turn there is no batch that the clock could belong to.
        if (_threadId == 0)
            Clock.NextBatch();
        _timers.Arm(timer, TimestampMath.Add(Clock.Timestamp, delay, Clock.TimeProvider.TimestampFrequency));
    }

    internal void Cancel(LoopTimer timer)
    {
        ThrowIfForeign();
        _timers.Cancel(timer);
    }

    private void Turn()
    {
        _turns++;
        var timeout = PrepareToSleep();
        var count = _poller.Wait(_events, timeout, out _);
        Volatile.Write(ref _sleeping, 0);
        Clock.NextBatch();
        BeginRunAgain();
        Dispatch(_events.AsSpan(0, count));
        RunAgainWatchers();
        RunTimers();
        RunPosts();
    }

    /// <summary>How long to sleep; with zero, nobody has to wake the poller.</summary>
    private TimeSpan PrepareToSleep()
    {
        if (_againCount > 0 || _stopRequested || !_postQueue.IsEmpty)
            return TimeSpan.Zero;
        var timeout = TimeUntilNextTimer();
        if (timeout == TimeSpan.Zero)
            return timeout;

        // A poster enqueues and then looks at the flag; the loop sets the flag and then looks at the queue. With a full
        // fence between the two on both sides, at least one of them sees the other.
        Interlocked.Exchange(ref _sleeping, 1);
        if (_postQueue.IsEmpty && !_stopRequested)
            return timeout;
        Volatile.Write(ref _sleeping, 0);
        return TimeSpan.Zero;
    }

    private void WakeIfSleeping()
    {
        if (Interlocked.Exchange(ref _sleeping, 0) == 1)
            _poller.Wake();
    }

    private TimeSpan TimeUntilNextTimer()
    {
        var deadline = _timers.NextDeadline;
        if (deadline == long.MaxValue)
            return Timeout.InfiniteTimeSpan;
        var provider = Clock.TimeProvider;
        if (provider != TimeProvider.System)
            return _wakeTimer.Set(deadline) ? Timeout.InfiniteTimeSpan : TimeSpan.Zero;
        return TimestampMath.Until(deadline, provider.GetTimestamp(), provider.TimestampFrequency);
    }

    private void RunTimers()
    {
        var lastTicket = _timers.LastTicket;
        for (var budget = _timerBudget; _timers.Count > 0; budget--)
        {
            // The clock is read here at the latest, and not at all while no timer is armed.
            // Timers that the budget leaves over are overdue, and the loop does not sleep before those.
            if (_timers.NextDeadline > Clock.Timestamp || budget == 0)
                return;

            if (_timers.TakeDue(Clock.Timestamp, lastTicket) is not { } timer)
                return;
            _timersFired++;
            try
            {
                timer.Callback(timer.State);
            }
            catch (Exception e)
            {
                Report(e, timer);
            }
        }
    }

    private void RunPosts()
    {
        if (_postQueue.IsEmpty)
            return;
        _postQueue.BeginTurn();
        for (var budget = _postBudget; budget > 0 && _postQueue.TryDequeue(out var item); budget--)
            RunPost(item);
    }

    /// <summary>The loop is still whole here: what was posted may register, and is told of the stop like the others.</summary>
    private void FinishPosts()
    {
        _postQueue.Close();
        Clock.NextBatch();
        while (!_postQueue.IsEmpty)
        {
            _postQueue.BeginTurn();
            while (_postQueue.TryDequeue(out var item))
                RunPost(item);
        }
    }

    private void RunPost(in PostQueue.Item item)
    {
        _posts++;
        try
        {
            item.Callback(item.State);
        }
        catch (Exception e)
        {
            Report(e, item.State);
        }
    }
}
