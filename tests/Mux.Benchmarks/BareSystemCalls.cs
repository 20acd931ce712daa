using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mux.Benchmarks;

/// <summary>epoll and eventfd without anything around them: the floor that a poller is measured against. Linux.</summary>
internal sealed unsafe partial class BareSystemCalls : IDisposable
{
    private const int EpollCtlAdd = 1;
    private const int EpollCtlDel = 2;
    private const int EpollCtlMod = 3;
    private const uint EpollIn = 1;
    private const uint EpollEdge = 1u << 31;

    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private readonly byte[] _events = GC.AllocateUninitializedArray<byte>(16 * 16, pinned: true);
    private readonly int _epoll = epoll_create1(0x80000);
    private readonly int _eventfd = eventfd(0, 0x80800);

    internal BareSystemCalls() => Control(EpollCtlAdd, _eventfd, EpollIn | EpollEdge);

    internal void Add(nint descriptor) => Control(EpollCtlAdd, (int)descriptor, EpollIn);

    internal void Modify(nint descriptor) => Control(EpollCtlMod, (int)descriptor, EpollIn);

    internal void Remove(nint descriptor) => Control(EpollCtlDel, (int)descriptor, 0);

    internal int Wait(int timeoutMilliseconds) =>
        epoll_pwait(_epoll, (byte*)Unsafe.AsPointer(ref _events[0]), 16, timeoutMilliseconds, null);

    internal void Wake()
    {
        ulong one = 1;
        if (write(_eventfd, &one, 8) != 8)
            throw new InvalidOperationException("write to an eventfd failed");
    }

    public void Dispose()
    {
        _ = close(_epoll);
        _ = close(_eventfd);
    }

    private void Control(int op, int descriptor, uint mask)
    {
        var e = stackalloc byte[16];
        Unsafe.WriteUnaligned(e, mask);
        Unsafe.WriteUnaligned(e + DataOffset, (ulong)descriptor);
        if (epoll_ctl(_epoll, op, descriptor, e) != 0)
            throw new InvalidOperationException($"epoll_ctl: errno {Marshal.GetLastSystemError()}");
    }

    [LibraryImport("libc")]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc")]
    private static partial int epoll_ctl(int epfd, int op, int fd, byte* e);

    [LibraryImport("libc")]
    private static partial int epoll_pwait(int epfd, byte* events, int maxevents, int timeout, void* sigmask);

    [LibraryImport("libc")]
    private static partial int eventfd(uint initval, int flags);

    [LibraryImport("libc")]
    private static partial nint write(int fd, void* buffer, nint count);

    [LibraryImport("libc")]
    private static partial int close(int fd);
}
