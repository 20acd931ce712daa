using System.Net.Sockets;

namespace Mux.Contract.Kernel;

/// <summary>
/// A range of descriptor numbers that nothing else in the process uses, so that a number just closed can be had again for
/// certain although other tests open and close descriptors meanwhile.
/// </summary>
internal sealed class DescriptorRange
{
    private const int First = 400, Size = 64, Ranges = 8;
    private static int LastRange;

    private readonly int _lowest = First + (int)((uint)Interlocked.Increment(ref LastRange) % Ranges) * Size;

    /// <summary>Where duplicates go: out of the way of the numbers to be used again.</summary>
    internal int LowestDuplicate => _lowest + (Size / 2);

    /// <summary>Gives a socket a number of this range.</summary>
    /// <param name="socket">Disposed; use the result in its place.</param>
    /// <param name="wanted">The number to have if it is free.</param>
    internal Socket Move(Socket socket, int? wanted = null)
    {
        if (OperatingSystem.IsWindows())
            return socket;
        var number = Posix.Duplicate((int)socket.Handle, wanted ?? _lowest);
        socket.Dispose();
        return new Socket(new SafeSocketHandle(number, ownsHandle: true)) { Blocking = false };
    }
}
