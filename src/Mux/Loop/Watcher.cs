namespace Mux;

/// <summary>
/// Receives the events of one registration with an <see cref="EventLoop"/>: derive from it, keep the connection's state in
/// the derived class, and use the object again when the connection is gone. All its methods run on the loop's thread.
/// </summary>
/// <remarks>A watcher has at most one registration at a time; it may register again, also with another loop, after it was unregistered.</remarks>
public abstract class Watcher
{
    internal const int NoSlot = -1;

    internal int Slot = NoSlot;
    internal PollSource RegisteredSource;

    /// <summary>The ticket of the request to be run again that still counts; 0 for none.</summary>
    internal long RunAgainTicket;

    /// <summary>The loop that it is registered with, or that will run it again; null for none.</summary>
    public EventLoop? Loop { get; internal set; }

    /// <summary>Whether it is registered with a loop.</summary>
    public bool IsRegistered => Slot != NoSlot;

    /// <summary>Called when the registration is ready.</summary>
    /// <param name="readiness">Readable, Writable or both, as far as asked for, and hints.</param>
    protected internal abstract void OnReady(Readiness readiness);

    /// <summary>
    /// Called in the turn after <see cref="EventLoop.RunAgain"/> asked for it. Unless overridden it calls
    /// <see cref="OnReady"/> with <see cref="Readiness.None"/>: carry on where you left off.
    /// </summary>
    protected internal virtual void OnRunAgain() => OnReady(Readiness.None);

    /// <summary>
    /// Called after a method of this watcher threw: the exception has been reported and the registration is gone. The
    /// place to close the descriptor. Unless overridden it does nothing.
    /// </summary>
    /// <param name="exception">What it threw.</param>
    protected internal virtual void OnFaulted(Exception exception)
    {
    }

    /// <summary>
    /// Called when the loop stops while this is registered or waits to be run again; the registration is gone by then.
    /// The place to close the descriptor. Unless overridden it does nothing.
    /// </summary>
    protected internal virtual void OnStopped()
    {
    }
}
