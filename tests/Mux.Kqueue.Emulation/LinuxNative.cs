using System.Runtime.InteropServices;

namespace Mux.Kqueue.Emulation;

/// <summary>The calls of Linux that the emulation observes descriptors with.</summary>
internal static unsafe partial class LinuxNative
{
    // <poll.h>
    internal const short POLLIN = 0x1;
    internal const short POLLOUT = 0x4;
    internal const short POLLERR = 0x8;
    internal const short POLLHUP = 0x10;
    internal const short POLLNVAL = 0x20;
    internal const short POLLRDHUP = 0x2000;

    // <sys/epoll.h>
    internal const int EPOLL_CLOEXEC = 0x80000;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;
    internal const uint EPOLLIN = 0x1;
    internal const uint EPOLLOUT = 0x4;
    internal const uint EPOLLRDHUP = 0x2000;
    internal const uint EPOLLET = 1u << 31;

    // <sys/eventfd.h>
    internal const int EFD_CLOEXEC_NONBLOCK = 0x80800;

    // <asm-generic/socket.h>, <netinet/tcp.h>, <asm-generic/ioctls.h>, <linux/sockios.h>
    internal const int SOL_SOCKET = 1;
    internal const int SO_TYPE = 3;
    internal const int SO_SNDBUF = 7;
    internal const int SO_ACCEPTCONN = 30;
    internal const int SO_DOMAIN = 39;
    internal const int IPPROTO_TCP = 6;
    internal const int TCP_INFO = 11;
    internal const int SOCK_STREAM = 1;
    internal const int AF_UNIX = 1;
    internal const int FIONREAD = 0x541B;
    internal const int SIOCOUTQ = 0x5411;

    // <asm-generic/errno-base.h>
    internal const int EEXIST = 17;

    internal static readonly int EventSize = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    internal static readonly int DataOffset = EventSize - sizeof(ulong);

    internal struct PollFd
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport("libc")]
    internal static partial int poll(PollFd* fds, nuint count, int timeout);

    [LibraryImport("libc")]
    internal static partial int ppoll(PollFd* fds, nuint count, Timespec* timeout, void* mask);

    [LibraryImport("libc")]
    internal static partial int epoll_create1(int flags);

    [LibraryImport("libc")]
    internal static partial int epoll_ctl(int epfd, int op, int fd, byte* e);

    [LibraryImport("libc")]
    internal static partial int epoll_wait(int epfd, byte* events, int maxevents, int timeout);

    [LibraryImport("libc")]
    internal static partial int eventfd(uint initval, int flags);

    [LibraryImport("libc")]
    internal static partial nint read(int fd, void* buffer, nint count);

    [LibraryImport("libc")]
    internal static partial nint write(int fd, void* buffer, nint count);

    [LibraryImport("libc")]
    internal static partial int close(int fd);

    [LibraryImport("libc")]
    internal static partial int getsockopt(int fd, int level, int option, void* value, uint* length);

    // Variadic in C; on Linux variadic arguments travel as the others do.
    [LibraryImport("libc")]
    internal static partial int ioctl(int fd, nuint request, int* value);

    [LibraryImport("libc")]
    internal static partial int statx(int fd, byte* path, int flags, uint mask, byte* buffer);

    internal static int Option(int fd, int level, int option)
    {
        int value;
        uint length = sizeof(int);
        return getsockopt(fd, level, option, &value, &length) == 0 ? value : 0;
    }

    internal static int Count(int fd, int request)
    {
        int value;
        return ioctl(fd, (nuint)request, &value) == 0 ? value : 0;
    }
}
