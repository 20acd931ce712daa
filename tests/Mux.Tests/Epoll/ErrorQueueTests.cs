using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mux.Epoll;

namespace Mux.Tests.Epoll;

/// <summary>
/// A note in a socket's error queue (here: the completion of a MSG_ZEROCOPY send) raises EPOLLERR until it is read. It is
/// no readiness, and must not become a claim that is repeated for ever, nor a spin (rule 5).
/// </summary>
public sealed unsafe partial class ErrorQueueTests : IDisposable
{
    private readonly PollEvent[] _events = new PollEvent[4];
    private readonly Socket _socket;
    private readonly Socket _peer;

    public ErrorQueueTests()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _socket.Connect(listener.LocalEndPoint!);
        _peer = listener.Accept();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _peer.Dispose();
    }

    [EpollTheory]
    [InlineData(PollMode.Level)]
    [InlineData(PollMode.OneShot)]
    [InlineData(PollMode.Edge)]
    public void A_note_in_the_error_queue_is_reported_once_and_then_silent(PollMode mode)
    {
        using var poller = new EpollPoller();
        LeaveANote();
        poller.Add(_socket, 1, Interest.Readable, mode);

        Assert.Equal(1, poller.Wait(_events, TimeSpan.FromSeconds(10)));
        if (mode == PollMode.OneShot)
            poller.Modify(_socket, 1, Interest.Readable, mode);

        var polls = poller.Statistics.Polls;
        Assert.Equal(0, poller.Wait(_events, TimeSpan.FromMilliseconds(50)));
        Assert.InRange(poller.Statistics.Polls - polls, 1, 5);
    }

    [EpollFact]
    public void Beside_the_note_level_triggering_goes_on()
    {
        using var poller = new EpollPoller();
        LeaveANote();
        poller.Add(_socket, 1, Interest.Readable);
        Assert.Equal(1, poller.Wait(_events, TimeSpan.FromSeconds(10)));
        Assert.Equal(0, poller.Wait(_events, TimeSpan.FromMilliseconds(1)));

        _peer.Send("ab"u8);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(1, poller.Wait(_events, TimeSpan.FromSeconds(10)));
            Assert.True(_events[0].IsReadable);
        }

        Assert.Equal(1, _socket.Receive(new byte[1]));
        Assert.Equal(1, poller.Wait(_events, TimeSpan.FromSeconds(10)));
        Assert.Equal(1, _socket.Receive(new byte[1]));
        Assert.Equal(0, poller.Wait(_events, TimeSpan.Zero));

        _peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(1, poller.Wait(_events, TimeSpan.FromSeconds(10)));
        Assert.Equal(Readiness.Readable | Readiness.ReadClosed, _events[0].Readiness);
    }

    [EpollFact]
    public void A_datagram_socket_s_pending_error_is_no_note_and_is_reported_until_it_is_taken()
    {
        using var dead = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        dead.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = dead.LocalEndPoint!;
        dead.Dispose();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(address);
        socket.Send("x"u8);

        using var poller = new EpollPoller();
        poller.Add(socket, 1, Interest.Readable);
        for (var i = 0; i < 5; i++)
            Assert.Equal(1, poller.Wait(_events, TimeSpan.FromSeconds(10)));
        Assert.Equal(SocketError.ConnectionRefused, ReceiveError(socket));
        Assert.Equal(0, poller.Wait(_events, TimeSpan.Zero));
    }

    private static SocketError ReceiveError(Socket socket)
    {
        socket.Receive(new byte[1], 0, 1, SocketFlags.None, out var error);
        return error;
    }

    /// <summary>Sends with MSG_ZEROCOPY and waits until the completion stands in the error queue.</summary>
    private void LeaveANote()
    {
        const int SO_ZEROCOPY = 60, MSG_ZEROCOPY = 0x4000000;
        _socket.SetRawSocketOption(1, SO_ZEROCOPY, BitConverter.GetBytes(1));
        var data = "note"u8.ToArray();
        fixed (byte* start = data)
            Assert.Equal(4, send((int)_socket.Handle, start, 4, MSG_ZEROCOPY));
        Assert.Equal(4, _peer.Receive(new byte[4]));
        Assert.True(_socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectError), "The completion did not arrive.");
    }

    [LibraryImport("libc")]
    private static partial nint send(int fd, byte* buffer, nint length, int flags);
}

/// <summary>A fact about epoll, skipped where there is none.</summary>
public sealed class EpollFactAttribute : FactAttribute
{
    public EpollFactAttribute() => Skip = new EpollBackend().UnavailableReason;
}

/// <summary>A theory about epoll, skipped where there is none.</summary>
public sealed class EpollTheoryAttribute : TheoryAttribute
{
    public EpollTheoryAttribute() => Skip = new EpollBackend().UnavailableReason;
}
