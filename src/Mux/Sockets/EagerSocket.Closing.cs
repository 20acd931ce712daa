using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mux;

/// <content>How connections end, who is at their ends, and the options that change them.</content>
public readonly partial struct EagerSocket
{
    /// <summary>
    /// Half-close: says to the peer that no more will be sent (FIN, after all that was sent before); receiving goes on.
    /// </summary>
    /// <returns>Done; or failed, with <see cref="SocketError.NotConnected"/> when the connection is gone already.</returns>
    public IoResult ShutdownSend()
    {
        if (_socket is not null)
            return ManagedShutdownSend();
        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Others++;
        return SocketNative.Shutdown(~_inverted, SocketNative.SHUT_WR) == 0
            ? IoResult.Done(0)
            : IoResult.FromErrno(Marshal.GetLastSystemError());
    }

    /// <summary>
    /// Receives and throws away, at most <paramref name="limit"/> bytes: the second half of a lingering close.
    /// </summary>
    /// <remarks>
    /// A close while input is unread, or input that arrives after it, makes TCP send a reset, and a reset may destroy a
    /// response that the peer has not read yet (RFC 9112 section 9.6). Who has answered without reading everything
    /// calls <see cref="ShutdownSend"/>, then this whenever the socket is readable, and <see cref="Close"/> when it
    /// answers Closed or Failed, when the limit is reached or when a timer says that it has lasted long enough.
    /// </remarks>
    /// <param name="scratch">Where to receive; the content is of no use.</param>
    /// <param name="limit">The bytes to throw away at most, so that a peer that never stops is not served for ever.</param>
    /// <param name="discarded">The bytes thrown away by this call.</param>
    /// <returns>Closed: the peer has ended, close. Would block: wait for readability. Done: the limit is reached. Failed.</returns>
    public IoResult TryDiscard(Span<byte> scratch, long limit, out long discarded)
    {
        if (scratch.IsEmpty)
            throw new ArgumentException("EagerSocket: TryDiscard needs a buffer to receive into.", nameof(scratch));
        discarded = 0;
        while (discarded < limit)
        {
            var room = (int)Math.Min(scratch.Length, limit - discarded);
            var result = TryReceive(scratch[..room]);
            if (!result.IsDone)
                return result;
            discarded += result.Count;

            // Less than fits means drained: a stream answers would-block next, so the call is saved.
            if (result.Count < room)
                return IoResult.WouldBlock;
        }

        return IoResult.Done(0);
    }

    /// <summary>
    /// Closes: one close. What was sent is still delivered by the kernel, unless input was left unread: then the peer gets
    /// a reset that may overtake it (see <see cref="TryDiscard"/>). Unregister before closing.
    /// </summary>
    public void Close()
    {
        if (_socket is not null)
        {
            ManagedClose();
        }
        else if (!IsDefault)
        {
            if (SocketCallCounter.IsOn)
                SocketCallCounter.Current.Closes++;
            _ = SocketNative.Close(~_inverted); // EINTR included: the descriptor is gone on all three systems.
        }
    }

    /// <summary>Closes at once with a reset: what was sent and not yet delivered is thrown away, and no TIME_WAIT remains.</summary>
    public unsafe void Abort()
    {
        if (_socket is not null)
        {
            ManagedAbort();
            return;
        }

        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Others++;
        var linger = new SocketNative.Linger { OnOff = 1, Seconds = 0 };
        _ = SocketNative.SetSocketOption(
            ~_inverted, SocketNative.SOL_SOCKET, SocketNative.SO_LINGER, &linger, sizeof(SocketNative.Linger));
        Close();
    }

    /// <summary>Turns Nagle's algorithm off or on. An accepted socket has its listener's setting already.</summary>
    /// <param name="noDelay">True: what is sent leaves at once.</param>
    /// <returns>Done; or failed, on a socket that is not TCP for example.</returns>
    public unsafe IoResult SetNoDelay(bool noDelay)
    {
        if (_socket is not null)
            return ManagedSetNoDelay(noDelay);
        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Others++;
        var value = noDelay ? 1 : 0;
        var result = SocketNative.SetSocketOption(
            ~_inverted, SocketNative.IPPROTO_TCP, SocketNative.TCP_NODELAY, &value, sizeof(int));
        return result == 0 ? IoResult.Done(0) : IoResult.FromErrno(Marshal.GetLastSystemError());
    }

    /// <summary>Who is at the other end: one getpeername, and it allocates. Ask when it is needed, not for every connection.</summary>
    /// <returns>The address; null if there is no peer any more, or one without a name (a Unix domain client).</returns>
    public unsafe EndPoint? GetPeerAddress()
    {
        if (_socket is not null)
            return ManagedAddress(peer: true);
        var address = stackalloc byte[SocketAddressBytes.MaxLength];
        var length = SocketAddressBytes.MaxLength;
        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Others++;
        return SocketNative.GetPeerName(~_inverted, address, &length) == 0
            ? SocketAddressBytes.ToEndPoint(new(address, Math.Min(length, SocketAddressBytes.MaxLength)))
            : null;
    }

    /// <summary>The address of this end: one getsockname, and it allocates.</summary>
    /// <returns>The address; null if it has none.</returns>
    public unsafe EndPoint? GetLocalAddress()
    {
        if (_socket is not null)
            return ManagedAddress(peer: false);
        var address = stackalloc byte[SocketAddressBytes.MaxLength];
        var length = SocketAddressBytes.MaxLength;
        if (SocketCallCounter.IsOn)
            SocketCallCounter.Current.Others++;
        return SocketNative.GetSocketName(~_inverted, address, &length) == 0
            ? SocketAddressBytes.ToEndPoint(new(address, Math.Min(length, SocketAddressBytes.MaxLength)))
            : null;
    }
}
