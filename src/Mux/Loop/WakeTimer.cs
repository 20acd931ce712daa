namespace Mux;

/// <summary>
/// Wakes a loop whose time is not the system's: a poller waits in real time, so with another TimeProvider it sleeps
/// without a timeout, and a timer of that provider wakes it.
/// </summary>
internal sealed class WakeTimer(EventLoop loop) : IDisposable
{
    /// <summary>System.Threading.Timer takes no longer due time; the loop then wakes, finds nothing due and sleeps again.</summary>
    private static readonly TimeSpan MaxDueTime = TimeSpan.FromDays(40);

    private ITimer? _timer;

    /// <summary>Arranges a wake for a deadline.</summary>
    /// <returns>False if the deadline has passed already, perhaps while this was arranged.</returns>
    internal bool Set(long deadline)
    {
        var provider = loop.Clock.TimeProvider;
        _timer ??= provider.CreateTimer(
            static state => ((EventLoop)state!).Poller.Wake(), loop, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (true)
        {
            var now = provider.GetTimestamp();
            var due = TimestampMath.Until(deadline, now, provider.TimestampFrequency);
            if (due == TimeSpan.Zero)
                return false;
            _timer.Change(due < MaxDueTime ? due : MaxDueTime, Timeout.InfiniteTimeSpan);

            // A clock that was moved between the reading and the change has left the timer too late: set it again.
            if (provider.GetTimestamp() == now || !IsManual(provider))
                return true;
        }
    }

    /// <summary>A clock that runs by itself reads differently every time; being late by the time between is its nature.</summary>
    private static bool IsManual(TimeProvider provider)
    {
        var first = provider.GetTimestamp();
        return provider.GetTimestamp() == first;
    }

    public void Dispose() => _timer?.Dispose();
}
