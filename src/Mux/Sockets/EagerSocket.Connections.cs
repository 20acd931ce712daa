using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mux;

/// <content>How connections come to be: accepting and connecting.</content>
public readonly partial struct EagerSocket
{
    /// <summary>How many connections that died in the queue one accept passes over before it says so.</summary>
    private const int MaxDeadConnections = 32;

    /// <summary>
    /// Takes the next connection from a listener: one accept4 (accept, and one ioctl for close-on-exec, on macOS). The new
    /// socket is non-blocking and closed on exec. Connections that died in the queue are passed over.
    /// </summary>
    /// <param name="accepted">The connection when done; otherwise the default.</param>
    /// <returns>
    /// Done; would block when nobody waits; failed, with <see cref="IoResult.IsOutOfResources"/> when descriptors or memory
    /// have run out: the connection then stays in the queue and the listener readable, so pause accepting.
    /// </returns>
    /// <remarks>
    /// An accept4 that finds nobody costs as much as one that succeeds, since the kernel makes the socket first:
    /// <see cref="PendingConnections"/> tells cheaply how many can be accepted without it. On a blocking listener
    /// use <see cref="TryAcceptBlocking"/>.
    /// </remarks>
    public IoResult TryAccept(out EagerSocket accepted) =>
        _socket is not null ? ManagedAccept(out accepted, blocking: false) : Accept(out accepted, blocking: false);

    /// <summary>
    /// Waits for the next connection on a listener that blocks (<see cref="ListenOptions.Blocking"/>) and returns it as a
    /// blocking socket; would-block means that the listener's receive timeout has passed.
    /// </summary>
    /// <param name="accepted">The connection when done; otherwise the default.</param>
    /// <returns>As <see cref="TryAccept"/>.</returns>
    public IoResult TryAcceptBlocking(out EagerSocket accepted) =>
        _socket is not null ? ManagedAccept(out accepted, blocking: true) : Accept(out accepted, blocking: true);

    private unsafe IoResult Accept(out EagerSocket accepted, bool blocking)
    {
        var dead = 0;
        while (true)
        {
            if (SocketCallCounter.IsOn)
                SocketCallCounter.Current.Accepts++;
            int descriptor;
            if (SocketNative.HasSocketFlags)
            {
                var flags = SocketNative.SOCK_CLOEXEC | (blocking ? 0 : SocketNative.SOCK_NONBLOCK);
                descriptor = SocketNative.Accept4(~_inverted, null, null, flags);
            }
            else
            {
                descriptor = SocketNative.Accept(~_inverted, null, null);
            }

            if (descriptor >= 0)
            {
                // O_NONBLOCK was inherited from the listener where there are no flags; close-on-exec never is.
                if (!SocketNative.HasSocketFlags)
                    _ = SocketNative.IoControl(descriptor, SocketNative.FIOCLEX);
                accepted = new(descriptor, isMessageOriented: false);
                return IoResult.Done(0);
            }

            var errno = Marshal.GetLastSystemError();
            if (SocketErrno.IsDeadConnection(errno) && ++dead < MaxDeadConnections)
                continue;
            accepted = default;
            return IoResult.FromErrno(errno);
        }
    }

    /// <summary>
    /// How many connections a listener could accept now without blocking; -1 where the system does not tell. One cheap
    /// getsockopt: TCP_INFO on Linux (TCP only), SO_LISTENQLEN on FreeBSD; not known on macOS and Windows, nor for Unix
    /// domain listeners on Linux. With several acceptors on one listener the figure may be out of date when it is used.
    /// </summary>
    public unsafe int PendingConnections
    {
        get
        {
            if (_socket is not null)
                return -1;
            if (SocketCallCounter.IsOn)
                SocketCallCounter.Current.Others++;
            if (OperatingSystem.IsLinux())
            {
                var info = stackalloc byte[SocketNative.TcpInfoUnackedOffset + sizeof(uint)];
                var length = SocketNative.TcpInfoUnackedOffset + sizeof(uint);
                var told = SocketNative.GetSocketOption(
                    ~_inverted, SocketNative.IPPROTO_TCP, SocketNative.TCP_INFO, info, &length) == 0;
                return told && length == SocketNative.TcpInfoUnackedOffset + sizeof(uint)
                    ? *(int*)(info + SocketNative.TcpInfoUnackedOffset)
                    : -1;
            }

            if (OperatingSystem.IsFreeBSD())
            {
                int count, length = sizeof(int);
                var result = SocketNative.GetSocketOption(
                    ~_inverted, SocketNative.SOL_SOCKET, SocketNative.SO_LISTENQLEN, &count, &length);
                return result == 0 ? count : -1;
            }

            return -1;
        }
    }

    /// <summary>Makes a stream socket and begins to connect it; see <see cref="TryConnect(SocketAddress, out EagerSocket)"/>.</summary>
    /// <param name="remote">An <see cref="IPEndPoint"/> or a <see cref="UnixDomainSocketEndPoint"/>; not a name.</param>
    /// <param name="socket">The new socket when done or would-block; otherwise the default.</param>
    /// <returns>Done, would block or failed.</returns>
    public static IoResult TryConnect(EndPoint remote, out EagerSocket socket)
    {
        ArgumentNullException.ThrowIfNull(remote);
        return TryConnect(remote.Serialize(), out socket);
    }

    /// <summary>
    /// Makes a non-blocking stream socket and begins to connect it. Over loopback and Unix domain sockets the connection
    /// often stands at once; would-block means: wait until the socket is writable, then ask <see cref="FinishConnect"/>.
    /// </summary>
    /// <param name="remote">The address, from <see cref="EndPoint.Serialize"/>; it can be used again and again.</param>
    /// <param name="socket">The new socket when done or would-block; otherwise the default.</param>
    /// <returns>
    /// Done, would block or failed. On Linux a Unix domain listener whose queue is full answers EAGAIN, but nothing has
    /// begun that could be waited for: that is a failure with <see cref="IoResult.IsOutOfResources"/>, to be tried again
    /// later, and no socket is left.
    /// </returns>
    public static unsafe IoResult TryConnect(SocketAddress remote, out EagerSocket socket)
    {
        ArgumentNullException.ThrowIfNull(remote);
        socket = default;
        if (!SocketNative.IsSupported)
            return ManagedConnect(remote, out socket);

        var address = remote.Buffer.Span[..remote.Size];
        var result = CreateStream(address, out var created);
        if (!result.IsDone)
            return result;

        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Connects++;
        int outcome;
        fixed (byte* start = address)
            outcome = SocketNative.Connect(~created._inverted, start, address.Length);

        // Interrupted is not undone: POSIX lets the connect go on in the background, as if it were in progress.
        var errno = outcome == 0 ? 0 : Marshal.GetLastSystemError();
        if (errno == 0 || errno == SocketErrno.EINPROGRESS || errno == SocketErrno.EINTR)
        {
            socket = created;
            return errno == 0 ? IoResult.Done(0) : IoResult.WouldBlock;
        }

        created.Close();
        return IoResult.FromErrno(errno == SocketErrno.EAGAIN ? SocketErrno.ENOBUFS : errno);
    }

    /// <summary>Asks how a connect ended, once the socket was reported writable.</summary>
    /// <returns>
    /// Done: connected. Failed: refused, unreachable, timed out; the socket is good for nothing but
    /// <see cref="Close"/>. Would block: still connecting, the readiness was spurious (contract rule 4).
    /// </returns>
    public unsafe IoResult FinishConnect()
    {
        if (_socket is not null)
            return ManagedFinishConnect();

        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Others++;
        int error, length = sizeof(int);
        if (SocketNative.GetSocketOption(~_inverted, SocketNative.SOL_SOCKET, SocketNative.SO_ERROR, &error, &length) != 0)
            return IoResult.FromErrno(Marshal.GetLastSystemError());
        if (error != 0)
            return IoResult.FromErrno(error);

        // No error is also what a connect in progress answers; only a connected socket has a peer.
        var address = stackalloc byte[SocketAddressBytes.MaxLength];
        length = SocketAddressBytes.MaxLength;
        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Others++;
        if (SocketNative.GetPeerName(~_inverted, address, &length) == 0)
            return IoResult.Done(0);
        var errno = Marshal.GetLastSystemError();
        return errno == SocketErrno.ENOTCONN ? IoResult.WouldBlock : IoResult.FromErrno(errno);
    }

    /// <summary>Where socket takes flags: one call. On macOS .NET's own set-up makes it non-blocking and closed on exec.</summary>
    private static IoResult CreateStream(ReadOnlySpan<byte> address, out EagerSocket socket)
    {
        socket = default;
        var family = SocketAddressBytes.Family(address);
        if (SocketNative.HasSocketFlags)
        {
            var type = SocketNative.SOCK_STREAM | SocketNative.SOCK_NONBLOCK | SocketNative.SOCK_CLOEXEC;
            if (SocketCallCounter.IsOn)
                SocketCallCounter.Current.Others++;
            var descriptor = SocketNative.Socket(family, type, 0);
            if (descriptor < 0)
                return IoResult.FromErrno(Marshal.GetLastSystemError());
            socket = new(descriptor, isMessageOriented: false);
            return IoResult.Done(0);
        }

        try
        {
            var protocol = family == SocketNative.AF_UNIX ? ProtocolType.Unspecified : ProtocolType.Tcp;
            socket = TakeOver(new(SocketAddressBytes.ToAddressFamily(family), SocketType.Stream, protocol));
            return IoResult.Done(0);
        }
        catch (SocketException e)
        {
            return IoResult.FromSocketError(e.SocketErrorCode);
        }
    }
}
