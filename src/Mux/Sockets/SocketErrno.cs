using System.Net.Sockets;

namespace Mux;

/// <summary>
/// errno numbers of the socket calls, by system (errno.h of Linux, macOS, FreeBSD; the two BSDs agree but where said),
/// and what .NET calls them. The choice of system is a constant to the JIT.
/// </summary>
internal static class SocketErrno
{
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int EBADF = 9;
    internal const int ENOMEM = 12;
    internal const int EACCES = 13;
    internal const int EFAULT = 14;
    internal const int EINVAL = 22;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int EPIPE = 32;

    internal static int EAGAIN => OperatingSystem.IsLinux() ? 11 : 35;
    internal static int EINPROGRESS => OperatingSystem.IsLinux() ? 115 : 36;
    internal static int EALREADY => OperatingSystem.IsLinux() ? 114 : 37;
    internal static int ENOTSOCK => OperatingSystem.IsLinux() ? 88 : 38;
    internal static int EDESTADDRREQ => OperatingSystem.IsLinux() ? 89 : 39;
    internal static int EMSGSIZE => OperatingSystem.IsLinux() ? 90 : 40;
    internal static int EPROTOTYPE => OperatingSystem.IsLinux() ? 91 : 41;
    internal static int ENOPROTOOPT => OperatingSystem.IsLinux() ? 92 : 42;
    internal static int EPROTONOSUPPORT => OperatingSystem.IsLinux() ? 93 : 43;
    internal static int EAFNOSUPPORT => OperatingSystem.IsLinux() ? 97 : 47;
    internal static int EADDRINUSE => OperatingSystem.IsLinux() ? 98 : 48;
    internal static int EADDRNOTAVAIL => OperatingSystem.IsLinux() ? 99 : 49;
    internal static int ENETDOWN => OperatingSystem.IsLinux() ? 100 : 50;
    internal static int ENETUNREACH => OperatingSystem.IsLinux() ? 101 : 51;
    internal static int ENETRESET => OperatingSystem.IsLinux() ? 102 : 52;
    internal static int ECONNABORTED => OperatingSystem.IsLinux() ? 103 : 53;
    internal static int ECONNRESET => OperatingSystem.IsLinux() ? 104 : 54;
    internal static int ENOBUFS => OperatingSystem.IsLinux() ? 105 : 55;
    internal static int EISCONN => OperatingSystem.IsLinux() ? 106 : 56;
    internal static int ENOTCONN => OperatingSystem.IsLinux() ? 107 : 57;
    internal static int ESHUTDOWN => OperatingSystem.IsLinux() ? 108 : 58;
    internal static int ETIMEDOUT => OperatingSystem.IsLinux() ? 110 : 60;
    internal static int ECONNREFUSED => OperatingSystem.IsLinux() ? 111 : 61;
    internal static int EHOSTDOWN => OperatingSystem.IsLinux() ? 112 : 64;
    internal static int EHOSTUNREACH => OperatingSystem.IsLinux() ? 113 : 65;
    internal static int EOPNOTSUPP => OperatingSystem.IsLinux() ? 95 : OperatingSystem.IsMacOS() ? 102 : 45;
    internal static int EPROTO => OperatingSystem.IsLinux() ? 71 : OperatingSystem.IsMacOS() ? 100 : 92;

    /// <summary>
    /// Whether an accept that failed so has consumed a connection that died in the queue, so that the next one is to be
    /// tried: accept(2) of Linux passes pending network errors of the new connection on and says to treat them as a retry.
    /// EOPNOTSUPP is not among them: a socket that cannot accept answers it for ever.
    /// </summary>
    internal static bool IsDeadConnection(int errno) =>
        errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == ENETDOWN || errno == ENOPROTOOPT
        || errno == EHOSTDOWN || errno == EHOSTUNREACH || errno == ENETUNREACH || errno == ECONNRESET || errno == EPERM;

    internal static SocketError ToSocketError(int errno)
    {
        switch (errno)
        {
            case 0: return SocketError.Success;
            case EPERM or EACCES: return SocketError.AccessDenied;
            case ENOENT: return SocketError.AddressNotAvailable;
            case EINTR: return SocketError.Interrupted;
            case EBADF: return SocketError.OperationAborted;
            case EFAULT: return SocketError.Fault;
            case EINVAL: return SocketError.InvalidArgument;
            case ENFILE or EMFILE: return SocketError.TooManyOpenSockets;
            case ENOMEM: return SocketError.NoBufferSpaceAvailable;
            case EPIPE: return SocketError.Shutdown;
        }

        foreach (var (number, error) in Translations)
        {
            if (number == errno)
                return error;
        }

        return SocketError.SocketError;
    }

    private static readonly (int Number, SocketError Error)[] Translations =
    [
        (EAGAIN, SocketError.WouldBlock),
        (EINPROGRESS, SocketError.InProgress),
        (EALREADY, SocketError.AlreadyInProgress),
        (ENOTSOCK, SocketError.NotSocket),
        (EDESTADDRREQ, SocketError.DestinationAddressRequired),
        (EMSGSIZE, SocketError.MessageSize),
        (EPROTOTYPE, SocketError.ProtocolType),
        (ENOPROTOOPT, SocketError.ProtocolOption),
        (EPROTONOSUPPORT, SocketError.ProtocolNotSupported),
        (EOPNOTSUPP, SocketError.OperationNotSupported),
        (EAFNOSUPPORT, SocketError.AddressFamilyNotSupported),
        (EADDRINUSE, SocketError.AddressAlreadyInUse),
        (EADDRNOTAVAIL, SocketError.AddressNotAvailable),
        (ENETDOWN, SocketError.NetworkDown),
        (ENETUNREACH, SocketError.NetworkUnreachable),
        (ENETRESET, SocketError.NetworkReset),
        (ECONNABORTED, SocketError.ConnectionAborted),
        (ECONNRESET, SocketError.ConnectionReset),
        (ENOBUFS, SocketError.NoBufferSpaceAvailable),
        (EISCONN, SocketError.IsConnected),
        (ENOTCONN, SocketError.NotConnected),
        (ESHUTDOWN, SocketError.Shutdown),
        (ETIMEDOUT, SocketError.TimedOut),
        (ECONNREFUSED, SocketError.ConnectionRefused),
        (EHOSTDOWN, SocketError.HostDown),
        (EHOSTUNREACH, SocketError.HostUnreachable),
    ];
}
