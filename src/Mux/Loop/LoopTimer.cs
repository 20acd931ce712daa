namespace Mux;

/// <summary>
/// A timer on an <see cref="EventLoop"/>: made once, armed as often as needed without an allocation. To push the deadline
/// of an armed timer out costs next to nothing: for idle timeouts, arm it anew whenever something happens.
/// </summary>
/// <remarks>
/// Time is counted from the loop's clock, <see cref="EventLoop.Clock"/>: the beginning of the batch in which it is armed.
/// By that clock a timer never fires early; how late depends on what else the loop has to do. Timers that are due
/// fire in the order of their deadlines, those with the same deadline in the order in which they were armed.
/// </remarks>
public sealed class LoopTimer
{
    internal const int NotArmed = -1;

    internal readonly Action<object?> Callback;
    internal readonly object? State;

    /// <summary>The true deadline; the heap's key may lie before it.</summary>
    internal long Deadline;

    internal long Ticket;

    /// <summary>Index in the heap.</summary>
    internal int Place = NotArmed;

    /// <summary>Makes a timer, not armed.</summary>
    /// <param name="loop">The loop on whose thread it fires.</param>
    /// <param name="callback">What to call; a static lambda with <paramref name="state"/> allocates nothing.</param>
    /// <param name="state">What to hand to it.</param>
    public LoopTimer(EventLoop loop, Action<object?> callback, object? state = null)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(callback);
        Loop = loop;
        Callback = callback;
        State = state;
    }

    /// <summary>The loop on whose thread it fires.</summary>
    public EventLoop Loop { get; }

    /// <summary>Whether it will fire. False from the moment its callback is called.</summary>
    public bool IsArmed => Place != NotArmed;

    /// <summary>Arms it, in place of what it was armed for before.</summary>
    /// <param name="delay">
    /// How long from now; zero fires when timers run next: in this turn if armed by an event, in the next if armed by a timer
    /// or a post. <see cref="Timeout.InfiniteTimeSpan"/> is <see cref="Cancel"/>.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">Another negative value.</exception>
    /// <exception cref="InvalidOperationException">Called on another thread than the loop's, or the loop has stopped.</exception>
    public void Arm(TimeSpan delay) => Loop.Arm(this, delay);

    /// <summary>Disarms it: it does not fire, even if it is due already. Does nothing if it is not armed.</summary>
    /// <exception cref="InvalidOperationException">Called on another thread than the loop's.</exception>
    public void Cancel() => Loop.Cancel(this);
}
