using System.Net.Sockets;

namespace Mux;

/// <summary>
/// The outcome of a call on an <see cref="EagerSocket"/>: how it ended, and how many bytes it moved or why it failed.
/// Eight bytes, so that it is returned in one register; the error is translated only when somebody asks for it.
/// </summary>
public readonly struct IoResult : IEquatable<IoResult>
{
    private readonly int _value;
    private readonly IoStatus _status;
    private readonly bool _isSocketError;

    private IoResult(IoStatus status, int value, bool isSocketError)
    {
        _value = value;
        _status = status;
        _isSocketError = isSocketError;
    }

    /// <summary>How the call ended.</summary>
    public IoStatus Status => _status;

    /// <summary>The bytes received or sent; 0 unless <see cref="Status"/> is <see cref="IoStatus.Done"/>.</summary>
    public int Count => _status == IoStatus.Done ? _value : 0;

    /// <summary>Whether the call did what was asked, or part of it.</summary>
    public bool IsDone => _status == IoStatus.Done;

    /// <summary>Whether the call must be made again once the poller reports readiness.</summary>
    public bool IsWouldBlock => _status == IoStatus.WouldBlock;

    /// <summary>
    /// Why the call did nothing, in .NET's terms: <see cref="SocketError.Success"/> when done,
    /// <see cref="SocketError.WouldBlock"/> for would-block, <see cref="SocketError.Shutdown"/> for a send after the end.
    /// </summary>
    public SocketError Error => _status switch
    {
        IoStatus.Done => SocketError.Success,
        IoStatus.WouldBlock => SocketError.WouldBlock,
        _ => _isSocketError ? (SocketError)_value : SocketErrno.ToSocketError(_value),
    };

    /// <summary>
    /// The system's own number for the error: errno on Unix, a Winsock code on Windows. 0 when done, for would-block and
    /// for end of stream.
    /// </summary>
    public int NativeError => _status is IoStatus.Done or IoStatus.WouldBlock ? 0 : _value;

    /// <summary>
    /// Whether the process or the system has run out of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM). An
    /// accept that fails so leaves the connection in the queue, and the listener stays readable: pause accepting.
    /// </summary>
    public bool IsOutOfResources =>
        _status == IoStatus.Failed && Error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    /// <summary>A call that moved this many bytes.</summary>
    /// <param name="count">The bytes; 0 for calls that move none.</param>
    public static IoResult Done(int count) => new(IoStatus.Done, count, isSocketError: false);

    /// <summary>A call that would have blocked.</summary>
    public static IoResult WouldBlock => new(IoStatus.WouldBlock, 0, isSocketError: false);

    /// <summary>A receive that found the end of the stream.</summary>
    public static IoResult EndOfStream => new(IoStatus.Closed, 0, isSocketError: false);

    /// <summary>The result that a .NET error code stands for.</summary>
    /// <param name="error">The code that a form with <c>out SocketError</c> gave.</param>
    public static IoResult FromSocketError(SocketError error) => error switch
    {
        SocketError.Success => Done(0),
        SocketError.WouldBlock or SocketError.IOPending or SocketError.InProgress => WouldBlock,
        SocketError.Shutdown => new(IoStatus.Closed, (int)error, isSocketError: true),
        _ => new(IoStatus.Failed, (int)error, isSocketError: true),
    };

    internal static IoResult FromErrno(int errno)
    {
        if (errno == SocketErrno.EAGAIN)
            return WouldBlock;
        return new(errno == SocketErrno.EPIPE ? IoStatus.Closed : IoStatus.Failed, errno, isSocketError: false);
    }

    /// <inheritdoc/>
    public bool Equals(IoResult other) =>
        _value == other._value && _status == other._status && _isSocketError == other._isSocketError;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IoResult other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_value, _status, _isSocketError);

    /// <summary>Whether status and value are the same.</summary>
    public static bool operator ==(IoResult left, IoResult right) => left.Equals(right);

    /// <summary>Whether status or value differ.</summary>
    public static bool operator !=(IoResult left, IoResult right) => !left.Equals(right);

    /// <summary>Status with count or error, for logs.</summary>
    public override string ToString() => _status switch
    {
        IoStatus.Done => $"done, {_value}",
        IoStatus.WouldBlock => "would block",
        IoStatus.Closed when _value == 0 => "end of stream",
        _ => $"{(_status == IoStatus.Closed ? "closed" : "failed")}: {Error} ({_value})",
    };
}
