using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mux;

/// <summary>
/// A listening socket: TCP over IPv4, IPv6 or both, or Unix domain. Set up through System.Net.Sockets, accepted from
/// eagerly. It owns its descriptor: keep a reference while it is used, and dispose it.
/// </summary>
public sealed class ListenSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly EagerSocket _eager;
    private readonly DescriptorReserve _reserve;
    private readonly bool _blocking;

    private ListenSocket(Socket socket, ListenOptions options)
    {
        _socket = socket;
        _reserve = new(options.DescriptorReserve);
        _blocking = options.Blocking;
        _eager = SocketNative.IsSupported
            ? EagerSocket.FromDescriptor((int)socket.SafeHandle.DangerousGetHandle())
            : EagerSocket.Managed(socket);
        LocalAddress = _eager.GetLocalAddress()
            ?? throw new ArgumentException("ListenSocket: the descriptor is not a bound socket.", nameof(socket));
    }

    /// <summary>The address it listens on, with the port that the system chose when 0 was asked for.</summary>
    public EndPoint LocalAddress { get; }

    /// <summary>What to register. A registration made with it is dead once this object is disposed (contract rule 7).</summary>
    public PollSource Source => PollSource.FromSocket(_socket);

    /// <summary>The listener as an eager socket; valid until this object is disposed.</summary>
    public EagerSocket Socket => _eager;

    /// <summary>How many connections wait to be accepted; -1 where the system does not tell.</summary>
    /// <remarks>See <see cref="EagerSocket.PendingConnections"/>.</remarks>
    public int PendingConnections => _eager.PendingConnections;

    /// <summary>Whether somebody waits to be accepted, asked without waiting: one poll(2).</summary>
    /// <remarks>Another acceptor of the same listener may be quicker.</remarks>
    public bool HasPending => _socket.Poll(0, SelectMode.SelectRead);

    /// <summary>Binds and listens.</summary>
    /// <param name="address">An <see cref="IPEndPoint"/> or a <see cref="UnixDomainSocketEndPoint"/>.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <returns>The listener.</returns>
    /// <exception cref="SocketException">The address is in use, not this machine's, or not allowed.</exception>
    /// <exception cref="PlatformNotSupportedException">ReusePort where the kernel does not spread connections.</exception>
    public static ListenSocket Listen(EndPoint address, ListenOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfNegative(options.DescriptorReserve);
        var isTcp = address.AddressFamily != AddressFamily.Unix;
        var socket = new Socket(
            address.AddressFamily, SocketType.Stream, isTcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            Configure(socket, options, isTcp);
            Bind(socket, address);
            socket.Listen(options.Backlog);
            return new(socket, options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes over a listener that was inherited by number, from a supervisor or by systemd's LISTEN_FDS protocol: the
    /// descriptor is made non-blocking (or blocking) and closed on exec, and belongs to this object from now on.
    /// </summary>
    /// <param name="descriptor">The number of a socket that listens.</param>
    /// <param name="options">Only what can change afterwards is applied: Blocking, NoDelay, the timeouts and the reserve.</param>
    /// <returns>The listener.</returns>
    /// <exception cref="SocketException">The descriptor is closed or no socket.</exception>
    /// <exception cref="PlatformNotSupportedException">This system does not hand down descriptors by number.</exception>
    public static ListenSocket FromDescriptor(int descriptor, ListenOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        if (!SocketNative.IsSupported)
            throw new PlatformNotSupportedException("ListenSocket: descriptors are not inherited by number on this system.");
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfNegative(options.DescriptorReserve);
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        try
        {
            socket.Blocking = options.Blocking;
            SetInherited(socket, options, socket.AddressFamily != AddressFamily.Unix);
            _ = SocketNative.IoControl(descriptor, SocketNative.FIOCLEX);
            return new(socket, options);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether a process started from now on inherits the descriptor (close-on-exec off). Switch it on for the moment of
    /// starting a worker only: every process started meanwhile inherits it too.
    /// </summary>
    /// <param name="inheritable">True to hand it down.</param>
    /// <exception cref="PlatformNotSupportedException">This system does not hand down descriptors by number.</exception>
    /// <exception cref="SocketException">The system refused.</exception>
    public void SetInheritable(bool inheritable)
    {
        if (!SocketNative.IsSupported)
            throw new PlatformNotSupportedException("ListenSocket: descriptors are not inherited by number on this system.");
        var request = inheritable ? SocketNative.FIONCLEX : SocketNative.FIOCLEX;
        if (SocketNative.IoControl((int)_eager.Descriptor, request) != 0)
            throw new SocketException((int)SocketErrno.ToSocketError(Marshal.GetLastSystemError()));
    }

    /// <summary>Takes the next connection, or waits for it if the listener blocks.</summary>
    /// <param name="accepted">The connection when done; otherwise the default.</param>
    /// <returns>
    /// As <see cref="EagerSocket.TryAccept"/>; out of resources already when no more descriptors are left than
    /// <see cref="ListenOptions.DescriptorReserve"/>.
    /// </returns>
    public IoResult TryAccept(out EagerSocket accepted)
    {
        if (!_reserve.HasRoom)
        {
            accepted = default;
            return IoResult.FromErrno(SocketErrno.EMFILE);
        }

        var result = _blocking ? _eager.TryAcceptBlocking(out accepted) : _eager.TryAccept(out accepted);
        if (result.IsDone)
            _reserve.OnTaken(accepted.Descriptor);
        return result;
    }

    /// <summary>
    /// Stops listening. Connections that were not accepted yet are reset by the kernel. The file of a Unix domain socket
    /// stays, for its owner to delete. Whoever accepts must have stopped before: the number may be in use again at once.
    /// </summary>
    public void Dispose() => _socket.Dispose();

    private static void Configure(Socket socket, ListenOptions options, bool isTcp)
    {
        // Without plain descriptors TryAccept waits in Poll, and must not be caught in an accept when another was quicker.
        socket.Blocking = options.Blocking && SocketNative.IsSupported;
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            socket.DualMode = options.DualStack;

        if (!SocketNative.IsSupported)
        {
            if (options.ReusePort)
                throw ReusePortMissing();
            if (isTcp)
                socket.ExclusiveAddressUse = true;
        }
        else if (isTcp)
        {
            // SetSocketOption(ReuseAddress) would set SO_REUSEPORT as well, and a second server on the port would start
            // without an error.
            SetRaw(socket, SocketNative.SO_REUSEADDR, options.ReuseAddress);
            if (options.ReusePort)
                SetReusePort(socket);
        }

        SetInherited(socket, options, isTcp);
        if (options.ReceiveBufferSize is { } receiveSize)
            socket.ReceiveBufferSize = receiveSize;
        if (options.SendBufferSize is { } sendSize)
            socket.SendBufferSize = sendSize;
    }

    private static void SetInherited(Socket socket, ListenOptions options, bool isTcp)
    {
        if (isTcp)
            socket.NoDelay = options.NoDelay;
        if (options.ReceiveTimeout is { } receive)
            socket.ReceiveTimeout = (int)Math.Max(1, receive.TotalMilliseconds);
        if (options.SendTimeout is { } send)
            socket.SendTimeout = (int)Math.Max(1, send.TotalMilliseconds);
    }

    private static void SetReusePort(Socket socket)
    {
        if (OperatingSystem.IsLinux())
            SetRaw(socket, SocketNative.SO_REUSEPORT, value: true);
        else if (OperatingSystem.IsFreeBSD())
            SetRaw(socket, SocketNative.SO_REUSEPORT_LB, value: true);
        else
            throw ReusePortMissing();
    }

    private static void SetRaw(Socket socket, int option, bool value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BitConverter.TryWriteBytes(bytes, value ? 1 : 0);
        socket.SetRawSocketOption(SocketNative.SOL_SOCKET, option, bytes);
    }

    /// <summary>Socket.Bind sets SO_REUSEADDR on TCP sockets whatever was asked, so the plain call is used where there is one.</summary>
    private static unsafe void Bind(Socket socket, EndPoint address)
    {
        if (!SocketNative.IsSupported)
        {
            socket.Bind(address);
            return;
        }

        var serialized = address.Serialize();
        fixed (byte* start = serialized.Buffer.Span)
        {
            if (SocketNative.Bind((int)socket.SafeHandle.DangerousGetHandle(), start, serialized.Size) != 0)
                throw new SocketException((int)SocketErrno.ToSocketError(Marshal.GetLastSystemError()));
        }
    }

    private static PlatformNotSupportedException ReusePortMissing() =>
        new("ListenSocket: this system does not spread connections over listeners that share a port; accept from one "
            + "shared listener instead.");
}
