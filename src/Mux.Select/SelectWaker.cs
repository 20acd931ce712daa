using System.Net;
using System.Net.Sockets;

namespace Mux.Select;

/// <summary>Ends a select in flight: a connection of the poller to itself, one end of which is always in the read list.</summary>
/// <remarks>
/// TCP over loopback: every system has it, and unlike a datagram a byte once sent is not dropped for want of memory. At most
/// one byte is under way, so that no number of wake-ups fills a buffer. The connection is accepted by its address, so that
/// another program that finds the listening port first is turned away, and nobody can join a connection afterwards. Not
/// synchronised: the poller's gate is.
/// </remarks>
internal sealed class SelectWaker : IDisposable
{
    private readonly byte[] _bytes = new byte[16];
    private Socket _writer;
    private bool _signalled;

    /// <summary>Connects the pair.</summary>
    /// <exception cref="IOException">The process or the system has no descriptor or port left, or lacks a loopback interface.</exception>
    internal SelectWaker() => (Reader, _writer) = Connect();

    /// <summary>The end for the read list. Another object after <see cref="Drain"/> had to connect anew.</summary>
    internal Socket Reader { get; private set; }

    /// <summary>Makes <see cref="Reader"/> readable. One system call, none if it is readable already.</summary>
    internal void Signal()
    {
        if (_signalled)
            return;
        _signalled = true;

        // An error means that the connection is broken; then the reader is readable for that reason, and Drain mends it.
        _writer.Send(_bytes.AsSpan(0, 1), SocketFlags.None, out _);
    }

    /// <summary>Takes back what <see cref="Signal"/> did. Returns at once if there is nothing to take.</summary>
    internal void Drain()
    {
        var count = Reader.Receive(_bytes, SocketFlags.None, out var error);
        if (count > 0)
        {
            _signalled = false;
        }
        else if (error != SocketError.WouldBlock)
        {
            // Torn from outside (an administrator's tool, say). Without a new one no wake-up would ever arrive again.
            Dispose();
            (Reader, _writer) = Connect();
            _signalled = false;
        }
    }

    public void Dispose()
    {
        Reader.Dispose();
        _writer.Dispose();
    }

    private static (Socket Reader, Socket Writer) Connect()
    {
        var address = Socket.OSSupportsIPv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        Socket? writer = null;
        try
        {
            using var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(address, 0));
            listener.Listen();
            writer = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            writer.Connect(listener.LocalEndPoint!);
            var reader = AcceptFrom(listener, writer.LocalEndPoint!);

            // Closing resets the connection: nothing is in it that matters, and a port in TIME_WAIT per poller would.
            reader.LingerState = writer.LingerState = new LingerOption(enable: true, seconds: 0);
            reader.Blocking = writer.Blocking = false;
            writer.NoDelay = true;
            return (reader, writer);
        }
        catch (SocketException e)
        {
            writer?.Dispose();
            throw new IOException($"select: cannot connect a loopback pair for wake-ups: {e.Message} ({e.SocketErrorCode})", e);
        }
    }

    private static Socket AcceptFrom(Socket listener, EndPoint peer)
    {
        while (true)
        {
#pragma warning disable RS0030 // The peer has connected already: this neither blocks nor throws for want of one.
            var accepted = listener.Accept();
#pragma warning restore RS0030
            if (peer.Equals(accepted.RemoteEndPoint))
                return accepted;
            accepted.Dispose();
        }
    }
}
