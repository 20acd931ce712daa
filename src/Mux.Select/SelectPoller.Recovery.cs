using System.Net.Sockets;
using Mux.Backends;

namespace Mux.Select;

// What a descriptor is, and what to do when select returns without saying why.
public sealed partial class SelectPoller
{
    private readonly byte[] _type = new byte[sizeof(int)];

    /// <summary>
    /// Whether there are more entries than poll(2) takes: EINVAL beyond RLIMIT_NOFILE, where a socket waited on in both
    /// directions counts twice. The lists are then asked one after the other, 5 ms at a time.
    /// </summary>
    private bool IsDivided => _entries >= _entriesRefused;

    /// <summary>An object to ask through that does not own the descriptor, and what the registration needs besides.</summary>
    private static PollerError Borrow(in Registration registration, out Socket? socket, out uint state)
    {
        socket = null;
        state = 0;
        try
        {
            var borrowed = Borrow(registration.Descriptor);
            if (borrowed.SocketType == SocketType.Unknown)
                return PollerError.NotSupported;
            socket = borrowed;
        }
        catch (SocketException)
        {
            // Not a socket or not open: the same error (seen on .NET 10). A handle is held open for the length of the call.
            return registration.Handle is null ? PollerError.BadDescriptor : PollerError.NotSupported;
        }

        // A datagram socket's pending error is POLLERR alone: without the error list select would return at once and empty for
        // as long as nobody reads. On Windows a failed connect shows there and nowhere else (select, Winsock reference).
        if (socket.SocketType != SocketType.Stream || OperatingSystem.IsWindows())
            state = AsksErrors;
        return PollerError.None;
    }

    private static Socket Borrow(nint descriptor)
    {
        var handle = new SafeSocketHandle(descriptor, ownsHandle: false);
        var socket = new Socket(handle);

        // They own nothing and are never disposed: spare the finalizer thread two objects per registration.
#pragma warning disable CA1816
        GC.SuppressFinalize(handle);
        GC.SuppressFinalize(socket);
#pragma warning restore CA1816
        return socket;
    }

    /// <summary>What an entry in the error list means, without reading SO_ERROR: that would steal the error from its owner.</summary>
    private static bool IsReadyByError(ref Registration registration)
    {
        if (!OperatingSystem.IsWindows())
            return true;

        // A stream on Windows: with a peer it is urgent data, which is no readiness (rule 6), and such a socket is past
        // connecting; without one its connect has failed.
        try
        {
            var socket = Borrow(registration.Descriptor);
            if (socket.SocketType != SocketType.Stream || !socket.Connected)
                return true;
        }
        catch (SocketException)
        {
            // Closed since. Found the next time.
            return false;
        }

        registration.KernelState &= ~AsksErrors;
        return false;
    }

    /// <summary>
    /// Select failed, or came back early with nothing. Some number in the lists is closed (POLLNVAL; an error of the whole
    /// call on macOS and Windows), or some stream socket has a condition that only the error list shows. Finds it, at two
    /// system calls per registration.
    /// </summary>
    private void Recover(SocketException? failure, bool dividedAnew)
    {
        Socket waker;
        lock (Gate)
        {
            if (FindClosed() || FindErrors())
                return;
            waker = _waker.Reader;
        }

        if (failure is not null)
        {
            // The lists were too long together: the next attempt divides them.
            if (failure.SocketErrorCode == SocketError.InvalidArgument && dividedAnew)
                return;
            throw new IOException($"select: Socket.Select failed: {failure.Message} ({failure.SocketErrorCode})", failure);
        }

        // Gone by itself, most likely: a number that was closed and is in use again. Whatever it is, don't spin on it.
        Socket.Select(new List<Socket>(1) { waker }, null, null, 1000);
    }

    private bool FindClosed()
    {
        var any = false;
        for (var slot = 0; slot < Registrations.SlotCount; slot++)
        {
            ref var registration = ref Registrations[slot];
            if (!registration.Live || !registration.IsReportable || (registration.KernelState & NumberClosed) != 0
                || _sockets[slot] is not { } socket)
            {
                continue;
            }

            if (!registration.IsClosed && IsOpen(socket))
                continue;
            registration.KernelState |= NumberClosed;
            any = true;
        }

        return any;
    }

    /// <summary>
    /// Finds stream sockets with a note in their error queue (the completion of a MSG_ZEROCOPY send, a transmit timestamp):
    /// POLLERR without anything a receive or send would say, for as long as nobody reads the queue. It is reported once,
    /// since its owner may be waiting for it, and from then on the socket is asked apart.
    /// </summary>
    private bool FindErrors()
    {
        var any = false;
        for (var slot = 0; slot < Registrations.SlotCount; slot++)
        {
            ref var registration = ref Registrations[slot];
            if (!IsAsked(registration) || (registration.KernelState & (AsksErrors | Noisy)) != 0
                || _sockets[slot] is not { } socket || !HasError(socket))
            {
                continue;
            }

            registration.KernelState |= Noisy;
            Note(socket, Readiness.Readable | Readiness.Writable);
            any = true;
        }

        return any;
    }

    /// <summary>
    /// Asks about noisy sockets without waiting: a select that waits returns at once with any of them in its lists. While
    /// there are such, a select lasts 5 ms at most.
    /// </summary>
    private bool AskNoisy()
    {
        if (_noisyRead.Count + _noisyWrite.Count == 0)
            return false;
        try
        {
            Socket.Select(_noisyRead, _noisyWrite, null, 0);
        }
        catch (SocketException)
        {
            _noisyRead.Clear();
            _noisyWrite.Clear();
            throw;
        }

        return _noisyRead.Count + _noisyWrite.Count > 0;
    }

    private void AskDivided(int microseconds)
    {
        if (_write.Count > 0)
            Socket.Select(null, _write, null, 0);
        if (_error.Count > 0)
            Socket.Select(null, null, _error, 0);
        Socket.Select(_read, null, null, _write.Count + _error.Count > 0 ? 0 : microseconds);
    }

    private static bool IsStillNoisy(ref Registration registration, Socket socket)
    {
        if (HasError(socket))
            return true;
        registration.KernelState &= ~Noisy;
        return false;
    }

    private bool IsOpen(Socket socket)
    {
        try
        {
            socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Type, _type);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool HasError(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectError);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
