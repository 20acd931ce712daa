namespace Mux;

/// <summary>How an <see cref="EventLoop"/> works.</summary>
public sealed class EventLoopOptions
{
    /// <summary>The loop's name, which its thread gets too. Default "Mux loop".</summary>
    public string Name { get; set; } = "Mux loop";

    /// <summary>
    /// Where timers and clock get their time. With another provider than <see cref="System.TimeProvider.System"/> the loop
    /// sleeps without a timeout and is woken by a timer of that provider, so that a test's clock moves it.
    /// </summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>The events taken from the poller at a time. Default 256.</summary>
    public int BatchSize { get; set; } = 256;

    /// <summary>The posted callbacks run per turn at most, so that they do not starve sockets. Default 256.</summary>
    public int PostBudget { get; set; } = 256;

    /// <summary>The timers fired per turn at most, for the same reason. Default 1024.</summary>
    public int TimerBudget { get; set; } = 1024;

    /// <summary>
    /// Told of every exception that a handler, a timer or a posted callback threw, on the loop's thread. Without it they
    /// go to <see cref="System.Diagnostics.Trace"/>. What it throws itself goes there too.
    /// </summary>
    public Action<EventLoopFault>? OnFault { get; set; }
}
