using System.Net;
using System.Net.Sockets;

namespace Mux;

/// <content>
/// The same calls through System.Net.Sockets, for systems without plain descriptors. Where .NET has a form that does not
/// throw it is used; accept and connect have none that is synchronous, so readiness is asked first.
/// </content>
public readonly partial struct EagerSocket
{
    private IoResult ManagedReceive(Span<byte> buffer)
    {
        var count = _socket!.Receive(buffer, SocketFlags.None, out var error);
        if (error != SocketError.Success)
            return ManagedFailure(error);
        return count > 0 || _isMessageOriented || buffer.IsEmpty ? IoResult.Done(count) : IoResult.EndOfStream;
    }

    private IoResult ManagedSend(ReadOnlySpan<byte> buffer)
    {
        var count = _socket!.Send(buffer, SocketFlags.None, out var error);
        return error == SocketError.Success ? IoResult.Done(count) : ManagedFailure(error);
    }

    /// <summary>Socket gathers from lists of arrays only; the pieces go one after the other as long as all is taken.</summary>
    private IoResult ManagedSend(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        var sent = ManagedSend(first);
        if (!sent.IsDone || sent.Count < first.Length)
            return sent;
        var more = second.IsEmpty ? IoResult.Done(0) : ManagedSend(second);
        if (!more.IsDone || more.Count < second.Length || third.IsEmpty)
            return Together(sent, more);
        sent = Together(sent, more);
        return Together(sent, ManagedSend(third));

        // What has left already must be told, whatever becomes of the rest: the next call meets the error again.
        static IoResult Together(IoResult before, IoResult after) =>
            after.IsDone ? IoResult.Done(before.Count + after.Count) : before.Count > 0 ? before : after;
    }

    private IoResult ManagedAccept(out EagerSocket accepted, bool blocking)
    {
        accepted = default;
        Socket? created = null;
        try
        {
            // In blocking mode the listener's receive timeout is the longest wait, as on Unix.
            var timeout = blocking ? _socket!.ReceiveTimeout * 1000L : 0;
            var microseconds = blocking && timeout is 0 or > int.MaxValue ? -1 : (int)timeout;
            if (!_socket!.Poll(microseconds, SelectMode.SelectRead))
                return IoResult.WouldBlock;
#pragma warning disable RS0030 // There is no form that does not throw; Poll has said that somebody waits.
            created = _socket.Accept();
#pragma warning restore RS0030
            created.Blocking = blocking;
            if (_socket.AddressFamily != AddressFamily.Unix)
                created.NoDelay = _socket.NoDelay;
            created.ReceiveTimeout = _socket.ReceiveTimeout;
            created.SendTimeout = _socket.SendTimeout;
            accepted = new(created);
            return IoResult.Done(0);
        }
        catch (SocketException e)
        {
            created?.Dispose();

            // Somebody else was quicker, or the connection died in the queue: either way nobody is there now.
            return e.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted
                ? IoResult.WouldBlock
                : IoResult.FromSocketError(e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            return IoResult.FromSocketError(SocketError.OperationAborted);
        }
    }

    internal static IoResult ManagedConnect(SocketAddress remote, out EagerSocket socket)
    {
        socket = default;
        Socket? created = null;
        try
        {
            var protocol = remote.Family == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp;
            created = new(remote.Family, SocketType.Stream, protocol) { Blocking = false };
            EndPoint template = remote.Family switch
            {
                AddressFamily.InterNetworkV6 => new IPEndPoint(IPAddress.IPv6Any, 0),
                AddressFamily.Unix => new UnixDomainSocketEndPoint("-"),
                _ => new IPEndPoint(IPAddress.Any, 0),
            };
            socket = new(created);
            created.Connect(template.Create(remote));
            return IoResult.Done(0);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            return IoResult.WouldBlock;
        }
        catch (SocketException e)
        {
            created?.Dispose();
            socket = default;
            return IoResult.FromSocketError(e.SocketErrorCode);
        }
    }

    private IoResult ManagedFinishConnect()
    {
        try
        {
            // A failed connect shows in the error list only on Windows.
            var error = (SocketError)(int)_socket!.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            if (error != SocketError.Success)
                return IoResult.FromSocketError(error);
            return _socket.Poll(0, SelectMode.SelectWrite) ? IoResult.Done(0) : IoResult.WouldBlock;
        }
        catch (SocketException e)
        {
            return IoResult.FromSocketError(e.SocketErrorCode);
        }
    }

    private IoResult ManagedShutdownSend()
    {
        try
        {
            _socket!.Shutdown(SocketShutdown.Send);
            return IoResult.Done(0);
        }
        catch (SocketException e)
        {
            return IoResult.FromSocketError(e.SocketErrorCode);
        }
    }

    private void ManagedClose() => _socket!.Dispose();

    private void ManagedAbort()
    {
        try
        {
            _socket!.LingerState = new(enable: true, seconds: 0);
        }
        catch (SocketException)
        {
            // The connection is gone already; closing is all that is left.
        }

        _socket!.Dispose();
    }

    private IoResult ManagedSetNoDelay(bool noDelay)
    {
        try
        {
            _socket!.NoDelay = noDelay;
            return IoResult.Done(0);
        }
        catch (SocketException e)
        {
            return IoResult.FromSocketError(e.SocketErrorCode);
        }
    }

    private EndPoint? ManagedAddress(bool peer)
    {
        try
        {
            return peer ? _socket!.RemoteEndPoint : _socket!.LocalEndPoint;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>On a blocking socket Windows reports its receive or send timeout as timed out; Unix says would-block.</summary>
    private IoResult ManagedFailure(SocketError error) =>
        error == SocketError.TimedOut && _socket!.Blocking ? IoResult.WouldBlock : IoResult.FromSocketError(error);
}
