namespace Mux.Kqueue.Emulation;

/// <summary>What an emulated kernel may do to its caller within the letter of kevent(2).</summary>
/// <param name="seed">Makes a run repeatable.</param>
public sealed class Hostility(int seed)
{
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();

    /// <summary>Returns the events of a call in random order.</summary>
    public bool Shuffles { get; init; } = true;

    /// <summary>Ends about every fourth call that would have to sleep with EINTR.</summary>
    public bool Interrupts { get; init; } = true;

    /// <summary>Returns fewer events than there is room for. The rest keep their turn, but fairness (rule 12) then needs more Waits.</summary>
    public bool ShortBatches { get; init; }

    internal bool OneIn(int chances) => Next(chances) == 0;

    internal int Next(int bound)
    {
        lock (_gate)
            return _random.Next(bound);
    }
}
