using System.Diagnostics;
using System.Net.Sockets;

namespace Mux.Contract.Kernel;

/// <summary>
/// Waits until the kernel has really delivered what was sent, so that what a poller says next is an answer and not a race.
/// Nothing here goes through a poller, and nothing here reads SO_ERROR.
/// </summary>
/// <remarks>
/// On Linux the questions are FIONREAD, SIOCOUTQ and TCP_INFO: all take the socket's lock, behind which the arrival of a
/// segment and its announcement to waiters are one. Elsewhere poll(2) answers.
/// </remarks>
public static class Fence
{
    /// <summary>How long anything in a test may take before it counts as hung.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int TcpEstablished = 1, TcpClose = 7, TcpCloseWait = 8, TcpListen = 10;

    /// <summary>Until at least <paramref name="bytes"/> bytes can be received (a datagram socket: the next datagram).</summary>
    public static void UntilArrived(Socket socket, int bytes) =>
        Until(() => socket.Available >= bytes, $"{bytes} bytes to arrive");

    /// <summary>Until a stream's end has arrived.</summary>
    public static void UntilFin(Socket socket)
    {
        if (IsLinuxTcp(socket))
            Until(() => TcpState(socket) is not (TcpEstablished or 4 or 5), "the FIN to arrive");
        else
            Until(() => Says(socket, SelectMode.SelectRead), "the end of the stream to arrive");
    }

    /// <summary>Until a reset, or the refusal of a connect, has arrived.</summary>
    public static void UntilReset(Socket socket)
    {
        if (IsLinuxTcp(socket))
            Until(() => TcpState(socket) == TcpClose, "the reset to arrive");
        else
            Until(() => Says(socket, SelectMode.SelectRead) || Says(socket, SelectMode.SelectError), "the reset to arrive");
    }

    /// <summary>Until a connect has succeeded.</summary>
    public static void UntilConnected(Socket socket)
    {
        if (IsLinuxTcp(socket))
            Until(() => TcpState(socket) == TcpEstablished, "the connection to stand");
        else
            Until(() => Says(socket, SelectMode.SelectWrite), "the connection to stand");
    }

    /// <summary>Until everything sent has been acknowledged, that is the send buffer is empty.</summary>
    /// <param name="sender">Whose send buffer.</param>
    /// <param name="receiver">The other end; made to acknowledge without delay.</param>
    public static void UntilAcknowledged(Socket sender, Socket receiver)
    {
        if (IsLinuxTcp(sender))
            Until(
                () =>
                {
                    Acknowledge(receiver);
                    return Posix.LinuxIoctl(sender.Handle, Posix.LinuxSiocOutq) == 0;
                },
                "the send buffer to empty");
        else
            Until(() => Says(sender, SelectMode.SelectWrite), "the send buffer to empty");
    }

    /// <summary>
    /// Whether nothing is under way between two sockets: what has been sent is acknowledged, and the rest waits for the
    /// receiver's window. True where the system cannot be asked.
    /// </summary>
    internal static bool IsAtRest(Socket sender, Socket receiver)
    {
        if (!IsLinuxTcp(sender))
            return true;
        Acknowledge(receiver);
        return Posix.LinuxIoctl(sender.Handle, Posix.LinuxSiocOutq) == Posix.LinuxIoctl(sender.Handle, Posix.LinuxSiocOutqNotSent);
    }

    /// <summary>Until a datagram socket has a pending error.</summary>
    public static void UntilPendingError(Socket socket)
    {
        if (OperatingSystem.IsWindows())
            Until(() => Says(socket, SelectMode.SelectRead) || Says(socket, SelectMode.SelectError), "the error to arrive");
        else
            Until(() => (Posix.Poll(socket.Handle, Posix.PollIn) & (Posix.PollErr | Posix.PollIn)) != 0, "the error to arrive");
    }

    /// <summary>Until so many connections wait to be accepted.</summary>
    public static void UntilPending(Socket listener, int connections)
    {
        if (IsLinuxTcp(listener))
            Until(() => TcpInfo(listener, out var unacknowledged) == TcpListen && unacknowledged >= connections,
                $"{connections} connections to be pending");
        else
            Until(() => Says(listener, SelectMode.SelectRead), "a connection to be pending");
    }

    /// <summary>Until a condition holds; a test that waits for ever fails with what it waited for.</summary>
    public static void Until(Func<bool> condition, string what)
    {
        var started = Stopwatch.GetTimestamp();
        var spinner = new SpinWait();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
                throw new TimeoutException($"Waited {Patience.TotalSeconds} s for {what}.");
            spinner.SpinOnce();
        }
    }

    // TCP_QUICKACK (linux/tcp.h) sends what is being held back and lasts for a moment only.
    private static void Acknowledge(Socket receiver) => receiver.SetRawSocketOption(6, 12, BitConverter.GetBytes(1));

    private static bool Says(Socket socket, SelectMode mode) => socket.Poll(0, mode);

    private static bool IsLinuxTcp(Socket socket) => OperatingSystem.IsLinux()
        && socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
        && socket.SocketType == SocketType.Stream;

    private static int TcpState(Socket socket) => TcpInfo(socket, out _);

    // struct tcp_info (linux/tcp.h): tcpi_state is byte 0; tcpi_unacked, at byte 24, counts a listener's queue.
    private static int TcpInfo(Socket socket, out uint unacknowledged)
    {
        Span<byte> info = stackalloc byte[32];
        socket.GetRawSocketOption(6, 11, info);
        unacknowledged = BitConverter.ToUInt32(info[24..]);
        return info[0];
    }
}
