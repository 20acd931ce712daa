namespace HelloHttp.Architectures.Threads;

/// <summary>Tells threads that block in system calls to come to an end; they look whenever a call returns.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly ManualResetEventSlim _draining = new();
    private readonly ManualResetEventSlim _cut = new();

    /// <summary>Whether to accept no more and to answer what is owed.</summary>
    internal bool IsDraining => _draining.IsSet;

    /// <summary>Whether to give up what is owed, too.</summary>
    internal bool IsCut => _cut.IsSet;

    internal void Drain() => _draining.Set();

    internal void Cut() => _cut.Set();

    /// <summary>Rests, until the next step of the stop at the latest.</summary>
    /// <param name="time">How long.</param>
    internal void Rest(TimeSpan time) => (IsDraining ? _cut : _draining).Wait(time);

    public void Dispose()
    {
        _draining.Dispose();
        _cut.Dispose();
    }
}

/// <summary>One thread's sight of the stop, for whoever must know that the thread has seen it. Used by that thread alone.</summary>
/// <param name="stop">The signal.</param>
internal sealed class StopWitness(StopSignal stop)
{
    private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Complete when the thread has seen that the server drains: it does not touch the listener from then on.</summary>
    internal Task HasSeenStop => _seen.Task;

    /// <summary>Looks whether the server drains.</summary>
    internal bool SeesStop()
    {
        if (!stop.IsDraining)
            return false;
        _seen.TrySetResult();
        return true;
    }
}
