using System.Runtime.InteropServices;

namespace Mux.Backends;

/// <summary>
/// What every backend shares: the registration table, argument checks, the order of a Wait, merging, one-shot and stale
/// events, waking and disposal. A backend adds the kernel's calls (the Core methods) and nothing else.
/// </summary>
/// <remarks>
/// <para>
/// One gate guards the table and is held for the length of a Core call, never while the kernel waits. A Wait collects
/// without the gate and takes it once per batch to sort out what it got, so that Add, Modify and Remove from other threads
/// happen wholly before or wholly after (contract rules 7 and 11).
/// </para>
/// <para>Cost: an uncontended gate (about 20 ns) per call and per batch; no allocation once the tables have grown (rule 13).</para>
/// </remarks>
public abstract partial class PollerBase : IPoller
{
    private readonly RegistrationTable _registrations = new();
    private volatile bool _disposed;
    private int _disposing;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract PollerFeatures Features { get; }

    /// <summary>Held while the table or the kernel's set changes. Not to be held while the kernel waits.</summary>
    protected Lock Gate { get; } = new();

    /// <summary>The registrations; only while <see cref="Gate"/> is held.</summary>
    protected RegistrationTable Registrations => _registrations;

    /// <summary>Tells the kernel of a new registration, with the gate held. After an error nothing may be left behind.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="registration">The registration, complete.</param>
    protected abstract PollerError AddCore(int slot, ref Registration registration);

    /// <summary>Tells the kernel of a new interest or mode, and arms it, with the gate held. After an error all is as it was.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="registration">The registration with its old interest and mode; the base class sets the new ones.</param>
    /// <param name="interest">The new interest.</param>
    /// <param name="mode">The new mode.</param>
    protected abstract PollerError ModifyCore(int slot, ref Registration registration, Interest interest, PollMode mode);

    /// <summary>
    /// Takes a registration out of the kernel's set, with the gate held. Cannot fail: its descriptor may be closed, or
    /// its number somebody else's by now.
    /// </summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="registration">The registration.</param>
    protected abstract void RemoveCore(int slot, ref Registration registration);

    /// <summary>
    /// Makes the current or else the next <see cref="Collect"/> return, with the gate held unless
    /// <see cref="WakeNeedsGate"/> says otherwise. Never during or after <see cref="DisposeCore"/>.
    /// </summary>
    protected abstract void WakeCore();

    /// <summary>
    /// Whether <see cref="WakeCore"/> has to exclude the other calls. Where it touches nothing that they change, the thread it
    /// wakes need not run into a gate that its waker still holds: two context switches.
    /// </summary>
    protected virtual bool WakeNeedsGate => true;

    /// <summary>
    /// Asks the kernel once. Called without the gate, by one thread at a time; may return early and empty.
    /// </summary>
    /// <param name="batch">Receives what the kernel says. Wake-ups are entered as <see cref="CollectedEvent.Wake"/>.</param>
    /// <param name="timeout">Zero, a positive length, or infinite.</param>
    /// <returns>The number of entries, or -1 if a signal interrupted.</returns>
    protected abstract int Collect(Span<CollectedEvent> batch, TimeSpan timeout);

    /// <summary>Builds the kernel's set anew from the table, with the gate held; closed registrations stay out.</summary>
    protected abstract void RebuildCore();

    /// <summary>Closes the poller's own kernel objects, with the gate held and no call in progress.</summary>
    protected abstract void DisposeCore();

    /// <summary>The backend's own descriptor, with the gate held.</summary>
    /// <param name="descriptor">The descriptor, or -1.</param>
    protected virtual bool TryGetDescriptorCore(out nint descriptor)
    {
        descriptor = -1;
        return false;
    }

    /// <summary>
    /// Called after Add, Modify or Remove has changed something, without the gate: for a backend whose wait in progress does
    /// not see changes by itself.
    /// </summary>
    /// <param name="removed">Whether it was a Remove.</param>
    protected virtual void OnChanged(bool removed)
    {
    }

    /// <inheritdoc/>
    public PollerError TryAdd(PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level)
    {
        CheckArguments(interest, mode);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!TryHold(source, out var held))
            return PollerError.BadDescriptor;
        try
        {
            if (!Supports(mode))
                return PollerError.NotSupported;
            lock (Gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                var error = AddLocked(source, key, interest, mode);
                if (error != PollerError.None)
                    return error;
                _changes++;
            }
        }
        finally
        {
            held?.DangerousRelease();
        }

        OnChanged(removed: false);
        return PollerError.None;
    }

    /// <inheritdoc/>
    public PollerError TryModify(PollSource source, ulong key, Interest interest, PollMode mode = PollMode.Level)
    {
        CheckArguments(interest, mode);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!TryHold(source, out var held))
            return PollerError.BadDescriptor;
        try
        {
            if (!Supports(mode))
                return PollerError.NotSupported;
            lock (Gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_registrations.TryFind(source, out var slot))
                    return PollerError.NotRegistered;
                ref var registration = ref _registrations[slot];

                // A raw number that names a registration whose owner is closed: the number is bad or somebody else's.
                if (registration.IsClosed)
                    return PollerError.BadDescriptor;
                var error = ModifyCore(slot, ref registration, interest, mode);
                if (error != PollerError.None)
                    return error;
                _changes++;
                registration.Key = key;
                registration.Interest = interest;
                registration.Mode = mode;
                registration.Armed = true;
            }
        }
        finally
        {
            held?.DangerousRelease();
        }

        OnChanged(removed: false);
        return PollerError.None;
    }

    /// <inheritdoc/>
    public PollerError TryRemove(PollSource source)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_registrations.TryFind(source, out var slot))
            {
                return source.Handle is null && source.IsKnownBad
                    ? PollerError.BadDescriptor
                    : PollerError.NotRegistered;
            }

            _changes++;
            RemoveCore(slot, ref _registrations[slot]);
            _registrations.Release(slot);
        }

        OnChanged(removed: true);
        return PollerError.None;
    }

    /// <inheritdoc/>
    public bool TryGetDescriptor(out nint descriptor)
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return TryGetDescriptorCore(out descriptor);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<PollerRegistration> GetRegistrations()
    {
        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var dump = new List<PollerRegistration>(_registrations.Count);
            for (var slot = 0; slot < _registrations.SlotCount; slot++)
            {
                ref var r = ref _registrations[slot];
                if (r.Live)
                    dump.Add(new(r.Descriptor, r.Key, r.Interest, r.Mode, r.Armed, r.IsClosed));
            }

            return dump;
        }
    }

    /// <inheritdoc/>
    public virtual string Explain(PollerError error) => error switch
    {
        PollerError.None => "nothing is wrong",
        PollerError.AlreadyRegistered => "it is registered with this poller already; use Modify to change the registration",
        PollerError.NotRegistered => "it is not registered with this poller; a Socket or handle names only the registration made with it",
        PollerError.BadDescriptor => "the descriptor is closed or invalid",
        PollerError.NotSupported => $"this is beyond what the {Name} backend can do ({Features})",
        PollerError.OutOfResources => "the kernel has no memory left for another registration",
        _ => error.ToString(),
    };

    private PollerError AddLocked(PollSource source, ulong key, Interest interest, PollMode mode)
    {
        var replaces = _registrations.TryFind(source.Descriptor, out var former);
        if (replaces)
        {
            if (!_registrations[former].IsClosed)
                return PollerError.AlreadyRegistered;

            // The former owner closed without Remove and its number came round again (rule 7). Its traces in the kernel go
            // before the new ones come: kqueue would take the same filter for a change of the old one.
            RemoveCore(former, ref _registrations[former]);
        }

        var slot = _registrations.Take(source, key, interest, mode);
        var error = AddCore(slot, ref _registrations[slot]);
        if (error != PollerError.None)
        {
            _registrations.Release(slot);
            return error;
        }

        _registrations.Publish(slot);
        if (replaces)
            _registrations.Release(former);
        return PollerError.None;
    }

    /// <summary>Keeps the owner from closing its descriptor for the length of a call; false if it is closed or invalid.</summary>
    private static bool TryHold(PollSource source, out SafeHandle? held)
    {
        held = null;
        if (source.IsKnownBad)
            return false;
        if (source.Handle is not { } handle)
            return true;
        try
        {
            var added = false;
            handle.DangerousAddRef(ref added);
            held = handle;
            return true;
        }
        catch (ObjectDisposedException)
        {
            // Closed by another thread since the check above.
            return false;
        }
    }

    private bool Supports(PollMode mode)
    {
        if ((mode & PollMode.Edge) != 0 && (Features & PollerFeatures.EdgeTriggered) == 0)
            return false;
        return (mode & PollMode.Exclusive) == 0
            || ((Features & PollerFeatures.ExclusiveWakeUp) != 0 && (mode & PollMode.OneShot) == 0);
    }

    private static void CheckArguments(Interest interest, PollMode mode)
    {
        if ((interest & ~(Interest.Readable | Interest.Writable)) != 0)
            throw new ArgumentOutOfRangeException(nameof(interest), interest, "Not a combination of Readable and Writable.");
        if ((mode & ~(PollMode.OneShot | PollMode.Edge | PollMode.Exclusive)) != 0)
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "Not a mode.");
        if ((mode & (PollMode.OneShot | PollMode.Edge)) == (PollMode.OneShot | PollMode.Edge))
            throw new ArgumentException("OneShot and Edge exclude each other: one-shot alone reports once.", nameof(mode));
    }
}
