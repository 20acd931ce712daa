using System.Runtime.InteropServices;

namespace Mux.Kqueue;

/// <summary>The first 32 bytes of struct kevent in &lt;sys/event.h&gt;, which all supported systems share.</summary>
internal struct Kevent
{
    internal ulong Ident;
    internal short Filter;
    internal ushort Flags;
    internal uint FilterFlags;
    internal long Data;
    internal ulong UserData;
}

/// <summary>struct timespec of a 64-bit system.</summary>
internal struct Timespec
{
    internal long Seconds;
    internal long Nanoseconds;
}

/// <summary>What differs between the systems that have kevent.</summary>
/// <param name="System">Whose kevent it is.</param>
/// <param name="Size">sizeof(struct kevent). FreeBSD 12 and newer has four extension words behind the common part.</param>
/// <param name="EVFILT_USER">The number of the filter that programs trigger themselves.</param>
/// <param name="IsKernel">Whether a kernel answers, not libkqueue, which is made of epoll and deviates as the properties say.</param>
internal sealed record KeventDialect(string System, int Size, short EVFILT_USER, bool IsKernel)
{
    internal static KeventDialect MacOS { get; } = new("macOS", 32, -10, IsKernel: true);

    internal static KeventDialect FreeBsd { get; } = new("FreeBSD", 64, -11, IsKernel: true);

    internal static KeventDialect LibKqueue { get; } = new("libkqueue", 32, -11, IsKernel: false);

    /// <summary>
    /// Whether EV_ADD of a filter that exists enables it and looks at its condition anew. libkqueue does neither, and the receipt
    /// says success or an old errno: there a filter is enabled by deleting and adding it.
    /// </summary>
    internal bool AddEnables => IsKernel;

    /// <summary>
    /// Whether the error an event tells of is still there for the next operation, and EV_EOF said only of an end. libkqueue takes
    /// the error off the socket in order to tell it, and says EV_EOF with any error and when it finds nothing to read.
    /// </summary>
    internal bool KeepsErrors => IsKernel;

    /// <summary>
    /// Whether the two filters of a descriptor report each in their own way. libkqueue has one epoll entry for both, and one
    /// EV_CLEAR makes both so.
    /// </summary>
    internal bool SeparatesFilters => IsKernel;

    /// <summary>Whether a kqueue can itself be waited on. libkqueue's descriptor is one end of a pipe and says nothing.</summary>
    internal bool Nests => IsKernel;

    /// <summary>An entry of a buffer of struct kevent. Its extension words, if any, stay as they are: zero.</summary>
    internal unsafe ref Kevent At(byte* buffer, int index) => ref *(Kevent*)(buffer + ((nint)index * Size));
}

/// <summary>
/// The calls a kqueue is made of: the system's own, those of a library that offers the same, or the tests' emulation. They
/// return what the system call does, or minus the errno; none allocates.
/// </summary>
internal abstract unsafe class KeventCalls(KeventDialect dialect)
{
    /// <summary>The layout and the numbers these calls understand.</summary>
    internal KeventDialect Dialect { get; } = dialect;

    /// <summary>kqueue(2).</summary>
    internal abstract int Create();

    /// <summary>kevent(2).</summary>
    internal abstract int Call(int queue, byte* changes, int changeCount, byte* events, int room, Timespec* timeout);

    /// <summary>close(2) of what <see cref="Create"/> gave.</summary>
    internal abstract void Close(int queue);
}

/// <summary>Owns a kqueue's descriptor.</summary>
internal sealed class KqueueHandle : SafeHandle
{
    private readonly KeventCalls _calls;

    internal KqueueHandle(KeventCalls calls, int queue)
        : base(-1, ownsHandle: true)
    {
        _calls = calls;
        SetHandle(queue);
    }

    public override bool IsInvalid => handle == -1;

    protected override bool ReleaseHandle()
    {
        _calls.Close((int)handle);
        return true;
    }
}
