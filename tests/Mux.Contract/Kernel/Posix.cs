using System.Runtime.InteropServices;

namespace Mux.Contract.Kernel;

/// <summary>The few C functions that tests need and .NET does not offer. Not for Windows.</summary>
/// <remarks>
/// fcntl and ioctl are variadic, and macOS on arm64 passes variadic arguments on the stack: the argument is given twice, as
/// the third (a register, where everybody else looks) and as the ninth (the first on the stack, where that system looks).
/// </remarks>
internal static unsafe partial class Posix
{
    /// <summary>POLLIN, POLLPRI, POLLERR in poll.h, the same on all systems.</summary>
    internal const short PollIn = 1, PollPri = 2, PollErr = 8;

    /// <summary>SIGWINCH in signal.h, the same on all systems; harmless, and the runtime has a handler for it on demand.</summary>
    internal const int SigWinch = 28;

    /// <summary>SIOCOUTQ (not acknowledged) and SIOCOUTQNSD (not even sent) in linux/sockios.h.</summary>
    internal const nuint LinuxSiocOutq = 0x5411, LinuxSiocOutqNotSent = 0x894B;

    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Fcntl(int fd, int command, nint argument, nint p4, nint p5, nint p6, nint p7, nint p8, nint onStack);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(int fd, nuint request, int* argument, nint p4, nint p5, nint p6, nint p7, nint p8, int* onStack);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "pipe", SetLastError = true)]
    private static partial int Pipe(int* ends);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type, int protocol, int* ends);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollFd* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    internal static partial nint PthreadSelf();

    [LibraryImport("libc", EntryPoint = "pthread_kill")]
    internal static partial int PthreadKill(nint thread, int signal);

    [LibraryImport("libc", EntryPoint = "gettid")]
    internal static partial int LinuxThreadId();

    [LibraryImport("libc", EntryPoint = "opendir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenDir(string path);

    [LibraryImport("libc", EntryPoint = "dirfd", SetLastError = true)]
    private static partial int DirFd(nint directory);

    [LibraryImport("libc", EntryPoint = "closedir")]
    private static partial int CloseDir(nint directory);

    /// <summary>A descriptor of a directory; open(2) itself is variadic.</summary>
    internal static int OpenDirectory(string path)
    {
        var directory = OpenDir(path);
        if (directory == 0)
            throw new IOException($"Cannot open {path}: {Marshal.GetLastPInvokeErrorMessage()}.");
        try
        {
            return Duplicate(DirFd(directory), 0);
        }
        finally
        {
            _ = CloseDir(directory);
        }
    }

    /// <summary>A duplicate with the lowest free number not below <paramref name="lowest"/>, close-on-exec.</summary>
    internal static int Duplicate(int fd, int lowest)
    {
        // F_DUPFD_CLOEXEC in fcntl.h.
        var command = OperatingSystem.IsLinux() ? 1030 : OperatingSystem.IsFreeBSD() ? 17 : 67;
        return Checked(Fcntl(fd, command, lowest, 0, 0, 0, 0, 0, lowest));
    }

    /// <summary>Sets close-on-exec and, if asked, O_NONBLOCK.</summary>
    internal static void Prepare(int fd, bool nonBlocking)
    {
        // F_SETFD 2, FD_CLOEXEC 1, F_GETFL 3, F_SETFL 4 in fcntl.h, the same on all systems.
        Checked(Fcntl(fd, 2, 1, 0, 0, 0, 0, 0, 1));
        if (!nonBlocking)
            return;
        var flags = Checked(Fcntl(fd, 3, 0, 0, 0, 0, 0, 0, 0)) | (OperatingSystem.IsLinux() ? 0x800 : 0x4);
        Checked(Fcntl(fd, 4, flags, 0, 0, 0, 0, 0, flags));
    }

    internal static (int Reader, int Writer) Pipe()
    {
        var ends = stackalloc int[2];
        Checked(Pipe(ends));
        Prepare(ends[0], nonBlocking: true);
        Prepare(ends[1], nonBlocking: true);
        return (ends[0], ends[1]);
    }

    internal static (int First, int Second) UnixStreamPair()
    {
        var ends = stackalloc int[2];
        Checked(SocketPair(1, 1, 0, ends)); // AF_UNIX, SOCK_STREAM
        Prepare(ends[0], nonBlocking: true);
        Prepare(ends[1], nonBlocking: true);
        return (ends[0], ends[1]);
    }

    /// <summary>read(2); -1 if it would block.</summary>
    internal static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
            return (int)Read(fd, p, (nuint)buffer.Length);
    }

    /// <summary>write(2); -1 if it would block.</summary>
    internal static int Write(int fd, ReadOnlySpan<byte> buffer)
    {
        fixed (byte* p = buffer)
            return (int)Write(fd, p, (nuint)buffer.Length);
    }

    /// <summary>What poll(2) says at once: a second opinion that steals no error.</summary>
    internal static short Poll(nint fd, short events, int milliseconds = 0)
    {
        var descriptor = new PollFd { Fd = (int)fd, Events = events };
        return Poll(&descriptor, 1, milliseconds) > 0 ? descriptor.Returned : (short)0;
    }

    internal static int LinuxIoctl(nint fd, nuint request)
    {
        var value = 0;
        Checked(Ioctl((int)fd, request, &value, 0, 0, 0, 0, 0, &value));
        return value;
    }

    private static int Checked(int result) => result >= 0
        ? result
        : throw new IOException($"The test's own system call failed: {Marshal.GetLastPInvokeErrorMessage()}.");
}
