namespace Mux;

/// <summary>
/// Waits for readiness on many descriptors through the operating system's own multiplexer. The same program runs on
/// every implementation; the contract's 14 rules say what it can rely on.
/// </summary>
/// <remarks>
/// <para>
/// The status calls here are the primitive and do not throw in the steady state; <see cref="PollerExtensions"/> has
/// Add, Modify and Remove that throw instead, and a short Wait.
/// </para>
/// <para>
/// Add, Modify, Remove and Wake may be called from any thread while another one waits, and take effect on that wait;
/// one thread waits at a time (contract rule 11). After <see cref="IDisposable.Dispose"/> every call but
/// <see cref="Wake"/>, <see cref="Explain"/> and Dispose throws <see cref="ObjectDisposedException"/>; a waiter is woken and gets it too (rule 14).
/// </para>
/// </remarks>
public interface IPoller : IDisposable
{
    /// <summary>The backend's name: "epoll", "kqueue", "select".</summary>
    string Name { get; }

    /// <summary>What this backend can do beyond the common contract.</summary>
    PollerFeatures Features { get; }

    /// <summary>Counters since the poller was created.</summary>
    PollerStatistics Statistics { get; }

    /// <summary>Registers a descriptor.</summary>
    /// <param name="source">What to wait on. It should be non-blocking: readiness may be spurious (rule 4).</param>
    /// <param name="key">Returned with each event. Keys need not be distinct.</param>
    /// <param name="interest">What to report. With <see cref="Interest.None"/> nothing is reported until Modify (rule 5).</param>
    /// <param name="mode">How often to report it.</param>
    /// <returns>
    /// <see cref="PollerError.None"/>, AlreadyRegistered, BadDescriptor, NotSupported or OutOfResources (rule 8). After
    /// a failure nothing has changed.
    /// </returns>
    /// <exception cref="ArgumentException">Undefined interest or mode, or OneShot together with Edge.</exception>
    /// <exception cref="ObjectDisposedException">The poller is disposed.</exception>
    PollerError TryAdd(PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level);

    /// <summary>Changes key, interest and mode of a registration, and arms a spent one-shot registration again.</summary>
    /// <param name="source">The source it was added with; a raw number acts on whatever is registered under it (rule 7).</param>
    /// <param name="key">The new key.</param>
    /// <param name="interest">The new interest.</param>
    /// <param name="mode">The new mode; not "as it was".</param>
    /// <returns><see cref="PollerError.None"/>, NotRegistered, BadDescriptor, NotSupported or OutOfResources (rule 8).</returns>
    /// <exception cref="ArgumentException">Undefined interest or mode, or OneShot together with Edge.</exception>
    /// <exception cref="ObjectDisposedException">The poller is disposed.</exception>
    PollerError TryModify(PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level);

    /// <summary>Ends a registration. No Wait that begins afterwards reports it (rule 7). The descriptor stays open.</summary>
    /// <param name="source">The source it was added with; a raw number acts on whatever is registered under it.</param>
    /// <returns><see cref="PollerError.None"/>, also for a source closed since; NotRegistered; BadDescriptor for the default.</returns>
    /// <exception cref="ObjectDisposedException">The poller is disposed.</exception>
    PollerError TryRemove(PollSource source);

    /// <summary>Waits until a registration is ready, <see cref="Wake"/> is called or the timeout has passed.</summary>
    /// <param name="events">Receives at most one event per registration, in no particular order (rule 3). Not empty.</param>
    /// <param name="timeout">
    /// <see cref="TimeSpan.Zero"/> polls, <see cref="Timeout.InfiniteTimeSpan"/> waits for ever, any other positive
    /// length is waited in full: signals and stale events do not cut it short (rule 9).
    /// </param>
    /// <param name="woken">Whether <see cref="Wake"/> was called since the last Wait that said so (rule 10).</param>
    /// <returns>The number of events written; 0 when the timeout has passed or a Wake came, and nothing was ready.</returns>
    /// <exception cref="ArgumentException"><paramref name="events"/> is empty or <paramref name="timeout"/> negative.</exception>
    /// <exception cref="InvalidOperationException">Another thread is waiting already (rule 11).</exception>
    /// <exception cref="ObjectDisposedException">The poller is disposed, or was while this call waited.</exception>
    /// <exception cref="IOException">The kernel's set had to be built anew and there was no descriptor or memory for it.</exception>
    int Wait(Span<PollEvent> events, TimeSpan timeout, out bool woken);

    /// <summary>
    /// Makes the current or else the next Wait return promptly with <c>woken</c>. From any thread; many calls before a
    /// Wait count as one; does nothing once the poller is disposed (rule 10).
    /// </summary>
    void Wake();

    /// <summary>The poller's own descriptor, readable while a Wait would return, so that another poller can wait on it.</summary>
    /// <param name="descriptor">The descriptor; it stays the poller's. -1 if there is none.</param>
    /// <returns>False where <see cref="Features"/> lacks <see cref="PollerFeatures.Nesting"/>.</returns>
    /// <exception cref="ObjectDisposedException">The poller is disposed.</exception>
    /// <exception cref="IOException">There is no descriptor or memory left.</exception>
    bool TryGetDescriptor(out nint descriptor);

    /// <summary>All registrations as they stand. Allocates; for debugging.</summary>
    /// <exception cref="ObjectDisposedException">The poller is disposed.</exception>
    IReadOnlyList<PollerRegistration> GetRegistrations();

    /// <summary>A sentence for an error message: what the error means on this backend, and the way out.</summary>
    /// <param name="error">An error that a call on this poller returned.</param>
    string Explain(PollerError error);
}
