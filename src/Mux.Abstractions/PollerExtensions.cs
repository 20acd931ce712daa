namespace Mux;

/// <summary>The throwing forms of the status calls of <see cref="IPoller"/>, and a shorter Wait.</summary>
public static class PollerExtensions
{
    /// <summary>Registers a descriptor, as <see cref="IPoller.TryAdd"/>.</summary>
    /// <param name="poller">The poller.</param>
    /// <param name="source">What to wait on.</param>
    /// <param name="key">Returned with each event.</param>
    /// <param name="interest">What to report.</param>
    /// <param name="mode">How often to report it.</param>
    /// <exception cref="ArgumentException">The descriptor is closed, invalid or the default; or undefined interest or mode.</exception>
    /// <exception cref="InvalidOperationException">It is registered already.</exception>
    /// <exception cref="NotSupportedException">The backend cannot wait on it, or not in this mode.</exception>
    /// <exception cref="IOException">The kernel's limit of watches or memory is reached.</exception>
    public static void Add(
        this IPoller poller, PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level)
    {
        ArgumentNullException.ThrowIfNull(poller);
        var error = poller.TryAdd(source, key, interest, mode);
        if (error != PollerError.None)
            throw Failure(poller, error, "add", source);
    }

    /// <summary>Changes a registration or arms it again, as <see cref="IPoller.TryModify"/>.</summary>
    /// <param name="poller">The poller.</param>
    /// <param name="source">The source it was added with.</param>
    /// <param name="key">The new key.</param>
    /// <param name="interest">The new interest.</param>
    /// <param name="mode">The new mode.</param>
    /// <exception cref="ArgumentException">The descriptor is closed, invalid or the default; or undefined interest or mode.</exception>
    /// <exception cref="InvalidOperationException">It is not registered.</exception>
    /// <exception cref="NotSupportedException">The backend cannot do this mode.</exception>
    /// <exception cref="IOException">The kernel's limit of watches or memory is reached.</exception>
    public static void Modify(
        this IPoller poller, PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level)
    {
        ArgumentNullException.ThrowIfNull(poller);
        var error = poller.TryModify(source, key, interest, mode);
        if (error != PollerError.None)
            throw Failure(poller, error, "modify", source);
    }

    /// <summary>Ends a registration, as <see cref="IPoller.TryRemove"/>.</summary>
    /// <param name="poller">The poller.</param>
    /// <param name="source">The source it was added with.</param>
    /// <exception cref="ArgumentException">The source is the default or negative.</exception>
    /// <exception cref="InvalidOperationException">It is not registered.</exception>
    public static void Remove(this IPoller poller, PollSource source)
    {
        ArgumentNullException.ThrowIfNull(poller);
        var error = poller.TryRemove(source);
        if (error != PollerError.None)
            throw Failure(poller, error, "remove", source);
    }

    /// <summary>Waits as <see cref="IPoller.Wait"/>, for callers to whom a Wake is no different from a timeout.</summary>
    /// <param name="poller">The poller.</param>
    /// <param name="events">Receives the events; not empty.</param>
    /// <param name="timeout">How long to wait at most.</param>
    /// <returns>The number of events written; 0 when the timeout has passed or a Wake came, and nothing was ready.</returns>
    /// <exception cref="ArgumentException"><paramref name="events"/> is empty or <paramref name="timeout"/> negative.</exception>
    /// <exception cref="InvalidOperationException">Another thread is waiting already.</exception>
    public static int Wait(this IPoller poller, Span<PollEvent> events, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(poller);
        return poller.Wait(events, timeout, out _);
    }

    private static Exception Failure(IPoller poller, PollerError error, string verb, PollSource source)
    {
        var message = $"{poller.Name}: cannot {verb} {source}: {poller.Explain(error)}";
        return error switch
        {
            PollerError.AlreadyRegistered or PollerError.NotRegistered => new InvalidOperationException(message),
            PollerError.BadDescriptor => new ArgumentException(message, nameof(source)),
            PollerError.NotSupported => new NotSupportedException(message),
            _ => new IOException(message),
        };
    }
}
