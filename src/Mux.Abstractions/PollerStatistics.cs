namespace Mux;

/// <summary>Counters of one poller since it was created. A snapshot; the counters go on.</summary>
public readonly record struct PollerStatistics
{
    /// <summary>Waits that were begun.</summary>
    public long Waits { get; init; }

    /// <summary>Times the kernel was asked for events; more than <see cref="Waits"/> where a Wait had to ask again.</summary>
    public long Polls { get; init; }

    /// <summary>Events reported to the caller.</summary>
    public long Events { get; init; }

    /// <summary>
    /// Add, Modify and Remove calls that changed the kernel's set: on epoll one epoll_ctl each (two where Exclusive is set or
    /// left by a Modify). Select keeps its set to itself and asks for all of it in each poll.
    /// </summary>
    public long Changes { get; init; }

    /// <summary>Calls of <see cref="IPoller.Wake"/>.</summary>
    public long Wakes { get; init; }

    /// <summary>Times a signal interrupted the kernel's wait (EINTR) and it was taken up again.</summary>
    public long Interrupted { get; init; }

    /// <summary>Kernel events dropped because their registration was gone, closed, replaced, spent or not interested.</summary>
    public long StaleDropped { get; init; }

    /// <summary>Times the kernel's set was built anew to shed entries that could not be removed otherwise.</summary>
    public long Rebuilds { get; init; }

    /// <summary>Registrations held now, those of closed sockets included until they are removed or replaced.</summary>
    public int Registrations { get; init; }
}
