using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mux;

/// <summary>
/// What a poller can wait on: a <see cref="Socket"/>, a <see cref="SafeHandle"/> or a raw descriptor number.
/// Its default is no descriptor at all, not descriptor 0.
/// </summary>
/// <remarks>
/// A registration made with an object belongs to that object: once it is closed the registration is dead, even if the
/// number is in use again. A raw number has no owner, and whoever closes it first must expect what contract rule 7 says.
/// </remarks>
public readonly struct PollSource : IEquatable<PollSource>
{
    private enum Kind : byte
    {
        None,
        Descriptor,
        Socket,
    }

    private readonly SafeHandle? _handle;
    private readonly nint _number;
    private readonly Kind _kind;

    private PollSource(SafeHandle? handle, nint number, Kind kind)
    {
        _handle = handle;
        _number = number;
        _kind = kind;
    }

    /// <summary>The object that owns the descriptor, or null for a raw number. A Socket's is its SafeHandle.</summary>
    public SafeHandle? Handle => _handle;

    /// <summary>The descriptor's number; -1 for the default. A closed Socket or handle still tells its old number.</summary>
    public nint Descriptor => _kind switch
    {
        Kind.None => -1,
        _ when _handle is not null => _handle.DangerousGetHandle(),
        _ => _number,
    };

    /// <summary>Whether this is known to be a socket; false means not known.</summary>
    public bool IsSocket => _kind == Kind.Socket;

    /// <summary>Whether the owner is closed, the number invalid, or this the default. False is no proof of the contrary.</summary>
    public bool IsKnownBad => _kind == Kind.None || (_handle is null ? _number is < 0 or > int.MaxValue : _handle.IsClosed || _handle.IsInvalid);

    /// <summary>A socket. A null reference gives the default source.</summary>
    /// <param name="socket">The socket; a poller keeps an ordinary reference to it, not a reference count of its handle.</param>
    public static implicit operator PollSource(Socket? socket) => FromSocket(socket);

    /// <summary>A handle. A null reference gives the default source.</summary>
    /// <param name="handle">The handle; a poller keeps an ordinary reference to it, not its reference count.</param>
    public static implicit operator PollSource(SafeHandle? handle) => FromHandle(handle);

    /// <summary>A socket. A null reference gives the default source.</summary>
    /// <param name="socket">The socket.</param>
    public static PollSource FromSocket(Socket? socket) =>
        socket is null ? default : new(socket.SafeHandle, 0, Kind.Socket);

    /// <summary>A raw number that is known to be a socket: on Windows a SOCKET, elsewhere a file descriptor.</summary>
    /// <param name="descriptor">The number. It stays the caller's: a poller never closes it.</param>
    public static PollSource FromSocket(nint descriptor) => new(null, descriptor, Kind.Socket);

    /// <summary>A handle. A null reference gives the default source.</summary>
    /// <param name="handle">The handle.</param>
    public static PollSource FromHandle(SafeHandle? handle) =>
        handle is null ? default : new(handle, 0, handle is SafeSocketHandle ? Kind.Socket : Kind.Descriptor);

    /// <summary>A raw descriptor number of any kind.</summary>
    /// <param name="descriptor">The number. It stays the caller's: a poller never closes it.</param>
    public static PollSource FromDescriptor(nint descriptor) => new(null, descriptor, Kind.Descriptor);

    /// <inheritdoc/>
    public bool Equals(PollSource other) =>
        ReferenceEquals(_handle, other._handle) && _number == other._number && _kind == other._kind;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PollSource other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_handle, _number, _kind);

    /// <summary>Whether both name the same object or number.</summary>
    public static bool operator ==(PollSource left, PollSource right) => left.Equals(right);

    /// <summary>Whether they name different objects or numbers.</summary>
    public static bool operator !=(PollSource left, PollSource right) => !left.Equals(right);

    /// <summary>Kind and number, for error messages.</summary>
    public override string ToString()
    {
        if (_kind == Kind.None)
            return "no descriptor";
        var kind = _kind == Kind.Socket ? "socket" : "descriptor";
        return _handle is { IsClosed: true } ? $"closed {kind} {Descriptor}" : $"{kind} {Descriptor}";
    }
}
