using System.Runtime.InteropServices;

namespace Mux;

/// <summary>
/// The socket calls of the C library, declared blittable and without SetLastError: on -1 the caller reads the error with
/// <see cref="Marshal.GetLastSystemError"/> before anything else runs. Values by system, from the header named beside them.
/// </summary>
internal static unsafe partial class SocketNative
{
    private const string Library = "libc";

    /// <summary>Whether the numbers below are known for this system; elsewhere the sockets go through System.Net.Sockets.</summary>
    internal static bool IsSupported =>
        OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD();

    /// <summary>Whether accept4 and socket take the flags SOCK_NONBLOCK and SOCK_CLOEXEC.</summary>
    internal static bool HasSocketFlags => OperatingSystem.IsLinux() || OperatingSystem.IsFreeBSD();

    // sys/socket.h; bits/socket_type.h on Linux
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_DGRAM = 2;
    internal static int SOCK_NONBLOCK => OperatingSystem.IsLinux() ? 0x800 : 0x20000000;
    internal static int SOCK_CLOEXEC => OperatingSystem.IsLinux() ? 0x80000 : 0x10000000;

    // sys/socket.h
    internal const int AF_UNIX = 1;
    internal const int AF_INET = 2;
    internal static int AF_INET6 => OperatingSystem.IsLinux() ? 10 : OperatingSystem.IsMacOS() ? 30 : 28;

    // sys/socket.h
    internal static int MSG_NOSIGNAL =>
        OperatingSystem.IsLinux() ? 0x4000 : OperatingSystem.IsMacOS() ? 0x80000 : 0x20000;

    internal const int SHUT_RD = 0;
    internal const int SHUT_WR = 1;

    // sys/socket.h; asm-generic/socket.h on Linux
    internal static int SOL_SOCKET => OperatingSystem.IsLinux() ? 1 : 0xffff;
    internal static int SO_REUSEADDR => OperatingSystem.IsLinux() ? 2 : 4;
    internal static int SO_REUSEPORT => OperatingSystem.IsLinux() ? 15 : 0x200;
    internal const int SO_REUSEPORT_LB = 0x10000; // FreeBSD
    internal static int SO_TYPE => OperatingSystem.IsLinux() ? 3 : 0x1008;
    internal static int SO_ERROR => OperatingSystem.IsLinux() ? 4 : 0x1007;
    internal static int SO_LINGER => OperatingSystem.IsLinux() ? 13 : 0x80;
    internal const int SO_LISTENQLEN = 0x1012; // FreeBSD

    // netinet/in.h, netinet/tcp.h
    internal const int IPPROTO_TCP = 6;
    internal const int TCP_NODELAY = 1;
    internal const int TCP_INFO = 11; // Linux: linux/tcp.h

    /// <summary>Offset of tcpi_unacked in struct tcp_info (linux/tcp.h): eight bytes of small fields, then four u32 before it.</summary>
    internal const int TcpInfoUnackedOffset = 24;

    // sys/filio.h; asm-generic/ioctls.h on Linux. These two requests take no third argument, so that calling the
    // variadic ioctl with its fixed ones only is right under every calling convention, macOS on arm64 included.
    internal static nuint FIOCLEX => OperatingSystem.IsLinux() ? 0x5451u : 0x20006601u;
    internal static nuint FIONCLEX => OperatingSystem.IsLinux() ? 0x5450u : 0x20006602u;

    // sys/resource.h; asm-generic/resource.h on Linux
    internal static int RLIMIT_NOFILE => OperatingSystem.IsLinux() ? 7 : 8;

    /// <summary>struct linger of sys/socket.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Linger
    {
        internal int OnOff;
        internal int Seconds;
    }

    /// <summary>struct iovec of sys/uio.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoVector
    {
        internal byte* Base;
        internal nuint Length;
    }

    /// <summary>
    /// struct msghdr of sys/socket.h as 64-bit Linux has it. macOS and FreeBSD have 32-bit msg_iovlen and msg_controllen
    /// in the same places: the same bytes on a little-endian machine while name, control and flags stay zero.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MessageHeader
    {
        internal nint Name;
        internal nuint NameLength;
        internal IoVector* Vectors;
        internal nuint VectorCount;
        internal nint Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    [LibraryImport(Library, EntryPoint = "getrlimit")]
    internal static partial int GetLimit(int resource, nuint* limits);

    [LibraryImport(Library, EntryPoint = "socket")]
    internal static partial int Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "accept4")]
    internal static partial int Accept4(int descriptor, byte* address, int* length, int flags);

    [LibraryImport(Library, EntryPoint = "accept")]
    internal static partial int Accept(int descriptor, byte* address, int* length);

    [LibraryImport(Library, EntryPoint = "bind")]
    internal static partial int Bind(int descriptor, byte* address, int length);

    [LibraryImport(Library, EntryPoint = "connect")]
    internal static partial int Connect(int descriptor, byte* address, int length);

    [LibraryImport(Library, EntryPoint = "recv")]
    internal static partial nint Receive(int descriptor, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "send")]
    internal static partial nint Send(int descriptor, byte* buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "sendmsg")]
    internal static partial nint SendMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "shutdown")]
    internal static partial int Shutdown(int descriptor, int how);

    [LibraryImport(Library, EntryPoint = "close")]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "getsockopt")]
    internal static partial int GetSocketOption(int descriptor, int level, int name, void* value, int* length);

    [LibraryImport(Library, EntryPoint = "setsockopt")]
    internal static partial int SetSocketOption(int descriptor, int level, int name, void* value, int length);

    [LibraryImport(Library, EntryPoint = "getpeername")]
    internal static partial int GetPeerName(int descriptor, byte* address, int* length);

    [LibraryImport(Library, EntryPoint = "getsockname")]
    internal static partial int GetSocketName(int descriptor, byte* address, int* length);

    [LibraryImport(Library, EntryPoint = "ioctl")]
    internal static partial int IoControl(int descriptor, nuint request);
}
