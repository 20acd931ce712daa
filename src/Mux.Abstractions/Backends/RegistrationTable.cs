namespace Mux.Backends;

/// <summary>
/// A poller's registrations: dense slots, found by descriptor number. Finding, adding and removing cost O(1) and do not
/// allocate once the table has grown. Not synchronised: the poller's gate is.
/// </summary>
public sealed class RegistrationTable
{
    private readonly Dictionary<nint, int> _slotOf = [];
    private readonly Stack<int> _free = new();
    private Registration[] _slots = new Registration[16];
    private int _used;

    internal RegistrationTable()
    {
    }

    /// <summary>Registrations held, closed ones included.</summary>
    public int Count => _slotOf.Count;

    /// <summary>Slots ever used: every live registration has a lower index. Free slots among them are not Live.</summary>
    public int SlotCount => _used;

    /// <summary>A slot, in place.</summary>
    /// <param name="slot">An index below <see cref="SlotCount"/>.</param>
    public ref Registration this[int slot] => ref _slots[slot];

    /// <summary>Finds the registration of a descriptor number.</summary>
    /// <param name="descriptor">The number.</param>
    /// <param name="slot">Its slot.</param>
    public bool TryFind(nint descriptor, out int slot) => _slotOf.TryGetValue(descriptor, out slot);

    /// <summary>
    /// Finds the live registration that user data from the kernel belongs to; false if that one is gone or its owner closed.
    /// </summary>
    /// <param name="userData">What the kernel gave back.</param>
    /// <param name="slot">The slot.</param>
    public bool TryFindLive(ulong userData, out int slot)
    {
        slot = (int)(uint)userData;
        if ((uint)slot >= (uint)_used)
            return false;
        ref var registration = ref _slots[slot];
        return registration.Live && registration.Generation == (uint)(userData >> 32) && !registration.IsClosed;
    }

    /// <summary>Takes a slot for a source; the number is not yet found under it (<see cref="Publish"/>).</summary>
    internal int Take(PollSource source, ulong key, Interest interest, PollMode mode)
    {
        if (!_free.TryPop(out var slot))
        {
            if (_used == _slots.Length)
                Array.Resize(ref _slots, _used * 2);
            slot = _used++;
        }

        ref var registration = ref _slots[slot];
        var generation = registration.Generation + 1;
        registration = new Registration
        {
            Handle = source.Handle,
            Descriptor = source.Descriptor,
            Key = key,
            Interest = interest,
            Mode = mode,
            IsSocket = source.IsSocket,
            Armed = true,
            Live = true,
            Generation = generation,
        };
        return slot;
    }

    /// <summary>Makes a taken slot the one its number is found under.</summary>
    internal void Publish(int slot) => _slotOf[_slots[slot].Descriptor] = slot;

    /// <summary>Gives a slot back; its number is forgotten if it is still found under it.</summary>
    internal void Release(int slot)
    {
        ref var registration = ref _slots[slot];
        if (_slotOf.TryGetValue(registration.Descriptor, out var current) && current == slot)
            _slotOf.Remove(registration.Descriptor);
        registration = new Registration { Generation = registration.Generation };
        _free.Push(slot);
    }

    /// <summary>
    /// The registration a source names: the one made with the same object, or for a raw number whichever it is.
    /// </summary>
    internal bool TryFind(PollSource source, out int slot)
    {
        if (TryFind(source.Descriptor, out slot))
            return source.Handle is null || ReferenceEquals(source.Handle, _slots[slot].Handle);

        // A handle class may forget its number when it is closed. Its registration still bears the object.
        if (source.Handle is { IsClosed: true } handle)
        {
            for (slot = 0; slot < _used; slot++)
            {
                if (ReferenceEquals(_slots[slot].Handle, handle))
                    return true;
            }
        }

        return false;
    }
}
