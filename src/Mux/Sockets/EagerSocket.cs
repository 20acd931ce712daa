using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mux;

/// <summary>
/// A socket to be used eagerly: every call does at once what it can and answers with an <see cref="IoResult"/>, never
/// with an exception; only when it answers would-block is there something to wait for.
/// </summary>
/// <remarks>
/// <para>
/// On Linux, macOS and FreeBSD this is a bare descriptor: each call is one system call of the same name (repeated when a
/// signal interrupts it), no object is made, nothing is allocated. Elsewhere, Windows above all, it holds a
/// <see cref="System.Net.Sockets.Socket"/> and goes through its forms that do not throw.
/// </para>
/// <para>
/// The value is a copy of a number: it has no finalizer, and copies share the descriptor. Whoever holds the connection
/// calls <see cref="Close"/> or <see cref="Abort"/> exactly once and forgets the value; a call on a number that was closed
/// may hit a stranger's descriptor. Calls on one socket from several threads are the kernel's business, as in C.
/// </para>
/// </remarks>
public readonly partial struct EagerSocket : IEquatable<EagerSocket>
{
    // Inverted, so that the default value is descriptor -1 and not 0.
    private readonly int _inverted;
    private readonly bool _isMessageOriented;

    /// <summary>Null where the system calls are used directly.</summary>
    private readonly Socket? _socket;

    private EagerSocket(int descriptor, bool isMessageOriented)
    {
        _inverted = ~descriptor;
        _isMessageOriented = isMessageOriented;
    }

    private EagerSocket(Socket socket)
    {
        _socket = socket;
        _isMessageOriented = socket.SocketType is not SocketType.Stream;
    }

    /// <summary>The descriptor's number (a SOCKET on Windows), for logs and for native calls of one's own; -1 for the default.</summary>
    public nint Descriptor => _socket is null ? ~_inverted : _socket.SafeHandle.DangerousGetHandle();

    /// <summary>Whether this is the default value, which is no socket at all.</summary>
    public bool IsDefault => _socket is null && _inverted == 0;

    /// <summary>What to register with an <see cref="EventLoop"/> or an <see cref="IPoller"/>.</summary>
    public PollSource Source => _socket is not null ? PollSource.FromSocket(_socket)
        : IsDefault ? default : PollSource.FromSocket(~_inverted);

    /// <summary>Wraps a number without owning it more than any other copy does; it should be non-blocking.</summary>
    /// <param name="descriptor">The descriptor of a connected or listening socket.</param>
    /// <param name="messageOriented">Whether it is a datagram socket, where an empty message is no end of stream.</param>
    /// <exception cref="PlatformNotSupportedException">This system has no plain descriptors: use <see cref="TakeOver"/>.</exception>
    public static EagerSocket FromDescriptor(int descriptor, bool messageOriented = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        return SocketNative.IsSupported
            ? new(descriptor, messageOriented)
            : throw new PlatformNotSupportedException("EagerSocket: no plain descriptors on this system; use TakeOver.");
    }

    /// <summary>
    /// Takes a socket of any kind (TCP, UDP, Unix domain) out of .NET's hands and makes it non-blocking. The object must
    /// not be used or disposed afterwards, and must never have been used asynchronously.
    /// </summary>
    /// <param name="socket">The socket; connected, bound or listening as the caller needs it.</param>
    /// <returns>The socket, owned by whoever holds this value.</returns>
    public static EagerSocket TakeOver(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        socket.Blocking = false;
        if (!SocketNative.IsSupported)
            return new(socket);

        var messages = socket.SocketType is not SocketType.Stream;
        var descriptor = (int)socket.SafeHandle.DangerousGetHandle();

        // Marking the handle invalid gives the descriptor up without closing it. Socket.Dispose would now wait for ever
        // for that close, and its finalizer has nothing left to do.
        socket.SafeHandle.SetHandleAsInvalid();
#pragma warning disable CA1816 // It is meant for another object: this is the hand-over.
        GC.SuppressFinalize(socket);
#pragma warning restore CA1816
        return new(descriptor, messages);
    }

    /// <summary>A socket that goes through System.Net.Sockets whatever the system: how the tests reach that half anywhere.</summary>
    internal static EagerSocket Managed(Socket socket) => new(socket);

    /// <summary>The Socket that a managed one holds.</summary>
    internal Socket ManagedSocket => _socket ?? throw new InvalidOperationException("EagerSocket: a plain descriptor.");

    /// <summary>Receives what has arrived: one recv.</summary>
    /// <param name="buffer">Where to put it. With an empty buffer the answer is 0 bytes, whatever has arrived.</param>
    /// <returns>
    /// The bytes received; would block; <see cref="IoStatus.Closed"/> at the end of the stream (FIN); failed, with
    /// <see cref="SocketError.ConnectionReset"/> after a reset. On a stream, fewer bytes than fit mean that nothing
    /// more is waiting now.
    /// </returns>
    public unsafe IoResult TryReceive(Span<byte> buffer)
    {
        if (_socket is not null)
            return ManagedReceive(buffer);

        fixed (byte* start = buffer)
        {
            while (true)
            {
                if (SocketCallCounter.IsOn)
                    SocketCallCounter.Current.Receives++;
                var count = SocketNative.Receive(~_inverted, start, (nuint)buffer.Length, 0);
                if (count > 0)
                    return IoResult.Done((int)count);
                if (count == 0)
                    return _isMessageOriented || buffer.IsEmpty ? IoResult.Done(0) : IoResult.EndOfStream;

                var errno = Marshal.GetLastSystemError();
                if (errno != SocketErrno.EINTR)
                    return IoResult.FromErrno(errno);
            }
        }
    }

    /// <summary>Sends what the send buffer has room for: one send, without SIGPIPE.</summary>
    /// <param name="buffer">The bytes to send.</param>
    /// <returns>
    /// The bytes taken, perhaps fewer than given; would block; <see cref="IoStatus.Closed"/> when nothing can be sent any
    /// more (EPIPE); failed.
    /// </returns>
    public unsafe IoResult TrySend(ReadOnlySpan<byte> buffer)
    {
        if (_socket is not null)
            return ManagedSend(buffer);

        fixed (byte* start = buffer)
        {
            var retries = 0;
            while (true)
            {
                if (SocketCallCounter.IsOn)
                    SocketCallCounter.Current.Sends++;
                var count = SocketNative.Send(~_inverted, start, (nuint)buffer.Length, SocketNative.MSG_NOSIGNAL);
                if (count >= 0)
                    return IoResult.Done((int)count);

                var errno = Marshal.GetLastSystemError();
                if (!IsRetriedSend(errno, ref retries))
                    return IoResult.FromErrno(errno);
            }
        }
    }

    /// <summary>Sends two buffers as one, a head and a body for example: one sendmsg.</summary>
    /// <param name="first">What goes first.</param>
    /// <param name="second">What follows it.</param>
    /// <returns>As <see cref="TrySend(ReadOnlySpan{byte})"/>; the count runs over both.</returns>
    public IoResult TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => TrySend(first, second, []);

    /// <summary>Sends three buffers as one: one sendmsg.</summary>
    /// <param name="first">What goes first.</param>
    /// <param name="second">What follows it.</param>
    /// <param name="third">What goes last.</param>
    /// <returns>As <see cref="TrySend(ReadOnlySpan{byte})"/>; the count runs over all.</returns>
    public unsafe IoResult TrySend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        if (_socket is not null)
            return ManagedSend(first, second, third);

        fixed (byte* start1 = first, start2 = second, start3 = third)
        {
            var vectors = stackalloc SocketNative.IoVector[3];
            vectors[0] = new() { Base = start1, Length = (nuint)first.Length };
            vectors[1] = new() { Base = start2, Length = (nuint)second.Length };
            vectors[2] = new() { Base = start3, Length = (nuint)third.Length };
            var message = new SocketNative.MessageHeader { Vectors = vectors, VectorCount = third.IsEmpty ? 2u : 3u };

            var retries = 0;
            while (true)
            {
                if (SocketCallCounter.IsOn)
                    SocketCallCounter.Current.Sends++;
                var count = SocketNative.SendMessage(~_inverted, &message, SocketNative.MSG_NOSIGNAL);
                if (count >= 0)
                    return IoResult.Done((int)count);

                var errno = Marshal.GetLastSystemError();
                if (!IsRetriedSend(errno, ref retries))
                    return IoResult.FromErrno(errno);
            }
        }
    }

    /// <summary>
    /// A signal came first; or, on macOS, the connection is just being torn down: EPROTOTYPE then gives way to the real
    /// answer after a moment. Bounded, because a socket of the wrong type answers it for ever.
    /// </summary>
    private static bool IsRetriedSend(int errno, ref int retries) =>
        errno == SocketErrno.EINTR
        || (OperatingSystem.IsMacOS() && errno == SocketErrno.EPROTOTYPE && ++retries < 64);

    /// <inheritdoc/>
    public bool Equals(EagerSocket other) => _inverted == other._inverted && ReferenceEquals(_socket, other._socket);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is EagerSocket other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_inverted, _socket);

    /// <summary>Whether both are the same descriptor.</summary>
    public static bool operator ==(EagerSocket left, EagerSocket right) => left.Equals(right);

    /// <summary>Whether the descriptors differ.</summary>
    public static bool operator !=(EagerSocket left, EagerSocket right) => !left.Equals(right);

    /// <summary>The descriptor's number, for logs.</summary>
    public override string ToString() => IsDefault ? "no socket" : $"socket {Descriptor}";
}
