using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mux.Epoll;

/// <summary>The kernel's calls and numbers that this backend needs, and nothing else.</summary>
internal static unsafe partial class EpollNative
{
    // <sys/epoll.h>
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;
    internal const uint EPOLLIN = 0x1;
    internal const uint EPOLLOUT = 0x4;
    internal const uint EPOLLERR = 0x8;
    internal const uint EPOLLHUP = 0x10;
    internal const uint EPOLLRDHUP = 0x2000;
    internal const uint EPOLLEXCLUSIVE = 1u << 28;
    internal const uint EPOLLONESHOT = 1u << 30;
    internal const uint EPOLLET = 1u << 31;

    // <sys/eventfd.h>
    internal const int EFD_CLOEXEC = 0x80000;
    internal const int EFD_NONBLOCK = 0x800;

    // <asm-generic/socket.h>
    internal const int SOL_SOCKET = 1;
    internal const int SO_TYPE = 3;
    internal const int SOCK_DGRAM = 2;

    // <asm-generic/errno.h>
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int EBADF = 9;
    internal const int ENOMEM = 12;
    internal const int EEXIST = 17;
    internal const int EINVAL = 22;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int ENOSPC = 28;
    internal const int ENOSYS = 38;
    internal const int ELOOP = 40;

    /// <summary>Size of struct epoll_event: packed on x86-64 only, so that 32-bit and 64-bit programs share it there.</summary>
    internal static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <summary>Where the user data stands in it.</summary>
    internal static readonly int DataOffset = EventSize - sizeof(ulong);

    [LibraryImport("libc")]
    internal static partial int epoll_create1(int flags);

    [LibraryImport("libc")]
    internal static partial int epoll_ctl(int epfd, int op, int fd, byte* e);

    [LibraryImport("libc")]
    internal static partial int epoll_pwait(int epfd, byte* events, int maxevents, int timeout, void* sigmask);

    /// <summary>Linux 5.11 and glibc 2.35; the symbol may be missing (musl), or the call refused by an old seccomp profile.</summary>
    [LibraryImport("libc")]
    internal static partial int epoll_pwait2(int epfd, byte* events, int maxevents, TimeSpec* timeout, void* sigmask);

    [LibraryImport("libc")]
    internal static partial int eventfd(uint initval, int flags);

    [LibraryImport("libc")]
    internal static partial nint write(int fd, void* buffer, nint count);

    [LibraryImport("libc")]
    internal static partial int getsockopt(int fd, int level, int option, void* value, uint* length);

    /// <summary>epoll_ctl with an event in this architecture's layout. Returns 0, or the errno.</summary>
    internal static int Control(int epfd, int op, int fd, uint mask, ulong data)
    {
        var e = stackalloc byte[16];
        Unsafe.WriteUnaligned(e, mask);
        Unsafe.WriteUnaligned(e + DataOffset, data);
        return epoll_ctl(epfd, op, fd, e) == 0 ? 0 : Marshal.GetLastSystemError();
    }

    /// <summary>Whether epoll_pwait2 can be used here. Asked once, with arguments that it must refuse.</summary>
    internal static bool HasPwait2()
    {
        try
        {
            return epoll_pwait2(-1, null, 0, null, null) < 0 && Marshal.GetLastSystemError() is not (ENOSYS or EPERM);
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>struct timespec of a 64-bit Linux.</summary>
    internal struct TimeSpec
    {
        internal long Seconds;
        internal long Nanoseconds;
    }
}
