namespace Mux.Contract.Kernel;

/// <summary>What the calling thread allocates.</summary>
public static class Allocation
{
    private const int Attempts = 4;

    /// <summary>
    /// Bytes allocated by some rounds, the least of several attempts: the runtime puts what it allocates for itself (a cache of
    /// casts or of generic calls that grows) on whatever thread meets it, once; what the rounds allocate shows every time.
    /// </summary>
    /// <param name="rounds">Rounds of an attempt.</param>
    /// <param name="round">One of them; it has to be warm.</param>
    public static long Least(int rounds, Action round)
    {
        ArgumentNullException.ThrowIfNull(round);
        var least = long.MaxValue;
        for (var attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < rounds; i++)
                round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
