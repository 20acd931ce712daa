namespace Mux;

/// <summary>
/// Keeps accepting away from the last descriptors of the process. The system gives out the lowest free number, so a number
/// close to the limit says that there is hardly a lower one: that costs a comparison per accept, and more only from then on.
/// </summary>
internal sealed class DescriptorReserve
{
    private readonly int _wanted;
    private volatile int _bound;
    private volatile bool _isReached;

    /// <summary>Asks for the limit.</summary>
    /// <param name="descriptors">How many to leave alone.</param>
    internal DescriptorReserve(int descriptors)
    {
        _wanted = descriptors;
        _bound = Bound();
    }

    /// <summary>Whether one more may be taken.</summary>
    internal bool HasRoom => !_isReached || LooksAgain();

    /// <summary>A descriptor has been taken.</summary>
    internal void OnTaken(nint descriptor)
    {
        if (descriptor >= _bound - 1)
            _isReached = true;
    }

    /// <summary>Takes the lowest free number for a moment, to see which it is.</summary>
    private bool LooksAgain()
    {
        // The limit may have been raised, too.
        _bound = Bound();
        var flags = SocketNative.HasSocketFlags ? SocketNative.SOCK_CLOEXEC : 0;
        var lowest = SocketNative.Socket(SocketNative.AF_UNIX, SocketNative.SOCK_STREAM | flags, 0);
        if (lowest < 0)
            return false;
        _ = SocketNative.Close(lowest);
        if (lowest >= _bound)
            return false;
        _isReached = false;
        return true;
    }

    private unsafe int Bound()
    {
        if (_wanted == 0 || !SocketNative.IsSupported)
            return int.MaxValue;
        var limits = stackalloc nuint[2]; // struct rlimit: soft, hard
        if (SocketNative.GetLimit(SocketNative.RLIMIT_NOFILE, limits) != 0 || limits[0] > int.MaxValue)
            return int.MaxValue;
        var limit = (int)limits[0];
        return limit - Math.Min(_wanted, limit / 8);
    }
}
