using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Mux.Select;

namespace Mux.Tests.Select;

/// <summary>Sockets that are closed before or during a select.</summary>
public sealed class SelectClosingTests : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly SelectPoller _poller = new();
    private readonly PollEvent[] _events = new PollEvent[4];

    public void Dispose() => _poller.Dispose();

    [Fact]
    public void A_socket_disposed_before_the_wait_is_silent_and_can_be_removed()
    {
        using var gone = new Connection();
        using var alive = new Connection();
        _poller.Add(gone.Near, 1, Interest.Readable | Interest.Writable);
        _poller.Add(alive.Near, 2, Interest.Readable);
        gone.Near.Dispose();

        Assert.Equal(0, _poller.Wait(_events, TimeSpan.Zero));
        alive.Far.Send([1]);
        Assert.Equal(1, _poller.Wait(_events, Guard));
        Assert.Equal(2ul, _events[0].Key);

        Assert.Equal(PollerError.BadDescriptor, _poller.TryModify(gone.Near, 1, Interest.Readable));
        Assert.Equal(PollerError.None, _poller.TryRemove(gone.Near));
        Assert.Equal(PollerError.NotRegistered, _poller.TryRemove(gone.Near));
    }

    [Fact]
    public void Disposing_during_a_wait_returns_before_the_wait_does_and_the_peer_sees_an_orderly_end()
    {
        using var gone = new Connection();
        using var alive = new Connection();
        _poller.Add(gone.Near, 1, Interest.Readable);
        _poller.Add(alive.Near, 2, Interest.Readable);
        using var waiter = new Waiter(_poller, Guard);
        waiter.UntilInKernel();

        gone.Near.Dispose();
        Assert.False(waiter.HasReturned);

        // End of stream and not ECONNRESET: nobody tore the connection down to get its handle back.
        Assert.Equal(0, gone.Far.Receive(new byte[1]));
        Assert.False(waiter.HasReturned);

        alive.Far.Send([1]);
        var events = waiter.Result();
        Assert.Equal(2ul, Assert.Single(events).Key);
    }

    [Fact]
    public void Disposing_a_listener_does_not_wait_for_the_select_in_flight() => DisposeDuringSelect(Connection.Listener());

    [Fact]
    public void Disposing_a_datagram_socket_does_not_wait_for_the_select_in_flight()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        DisposeDuringSelect(socket);
    }

    // Inherited or duplicated: the runtime would not break off a call in flight, and so never get its handle back.
    [UnixFact]
    public void Disposing_a_socket_without_close_on_exec_does_not_wait_for_the_select_in_flight()
    {
        using var connection = new Connection();
        DisposeDuringSelect(new Socket(new SafeSocketHandle(Posix.Duplicate(connection.Near), ownsHandle: true)));
    }

    [Fact]
    public void Disposed_sockets_do_not_make_the_wait_spin()
    {
        using var before = new Connection();
        using var during = new Connection();
        _poller.Add(before.Near, 1, Interest.Readable);
        _poller.Add(during.Near, 2, Interest.Readable);
        before.Near.Dispose();
        var polls = _poller.Statistics.Polls;
        using var waiter = new Waiter(_poller, TimeSpan.FromMilliseconds(500));
        waiter.UntilInKernel();
        during.Near.Dispose();

        Assert.Empty(waiter.Result());
        Assert.InRange(_poller.Statistics.Polls - polls, 1, 3);
        Assert.InRange(_poller.Selects, 1, 40);
    }

    [UnixFact]
    public void A_closed_number_is_found_and_dropped_and_the_time_is_kept()
    {
        using var alive = new Connection();
        using var gone = new Connection();
        var number = Posix.Duplicate(gone.Near);
        _poller.Add(PollSource.FromSocket(number), 1, Interest.Readable | Interest.Writable, PollMode.OneShot);
        _poller.Add(alive.Near, 2, Interest.Readable);
        Assert.Equal(1, _poller.Wait(_events, Guard));
        _poller.Modify(PollSource.FromSocket(number), 1, Interest.Readable);
        Assert.Equal(0, Posix.close(number));

        var selects = _poller.Selects;
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.FromMilliseconds(350)));
        Assert.True(clock.ElapsedMilliseconds >= 350, $"returned after {clock.Elapsed}");
        Assert.InRange(_poller.Selects - selects, 1, 30);

        alive.Far.Send([1]);
        Assert.Equal(1, _poller.Wait(_events, Guard));
        Assert.Equal(2ul, _events[0].Key);
        Assert.Equal(PollerError.BadDescriptor, _poller.TryModify(PollSource.FromSocket(number), 1, Interest.Writable));
        Assert.Equal(PollerError.None, _poller.TryRemove(PollSource.FromSocket(number)));
    }

    [UnixFact]
    public void A_number_closed_during_a_wait_is_let_go_so_that_the_peer_hears_of_it()
    {
        using var connection = new Connection();
        var number = Posix.Duplicate(connection.Near);
        connection.Near.Dispose();
        _poller.Add(PollSource.FromDescriptor(number), 1, Interest.Readable);
        using var waiter = new Waiter(_poller, Guard);
        waiter.UntilInKernel();
        Assert.Equal(0, Posix.close(number));

        Assert.Equal(0, connection.Far.Receive(new byte[1]));
        Assert.False(waiter.HasReturned);
        _poller.Wake();
        Assert.Empty(waiter.Result());
    }

    [UnixFact]
    public void Modify_of_a_number_that_is_open_again_acts_on_its_present_owner()
    {
        using var first = new Connection();
        using var second = new Connection();
        var number = Posix.Duplicate(first.Near);
        _poller.Add(PollSource.FromSocket(number), 1, Interest.Readable);
        Assert.Equal(0, Posix.close(number));
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.FromMilliseconds(2)));

        Assert.Equal(number, Posix.dup2((int)second.Near.Handle, number));
        _poller.Modify(PollSource.FromSocket(number), 7, Interest.Readable);
        second.Far.Send([1]);
        Assert.Equal(1, _poller.Wait(_events, Guard));
        Assert.Equal(7ul, _events[0].Key);
        Assert.Equal(0, Posix.close(number));
    }

    [Fact]
    public void Remove_from_another_thread_returns_when_the_kernel_has_let_the_file_go()
    {
        using var connection = new Connection();
        using var other = new Connection();
        _poller.Add(connection.Near, 1, Interest.Readable);
        _poller.Add(other.Near, 2, Interest.Readable);
        using var waiter = new Waiter(_poller, Guard);
        for (var i = 0; i < 50; i++)
        {
            waiter.UntilInKernel();
            var select = _poller.Selects;
            Assert.Equal(PollerError.None, _poller.TryRemove(connection.Near));
            Assert.False(_poller.InFlight && _poller.Selects == select, "The select that asked about it is still in flight.");
            connection.Far.Send([1]);
            Assert.Equal(1, connection.Near.Receive(new byte[1]));
            Assert.False(waiter.HasReturned);
            _poller.Add(connection.Near, 1, Interest.Readable);
        }

        _poller.Remove(connection.Near);
        connection.Near.Dispose();
        Assert.Equal(0, connection.Far.Receive(new byte[1]));
        _poller.Wake();
        Assert.Empty(waiter.Result());
    }

    [Fact]
    public void Changes_from_another_thread_reach_the_wait_in_progress()
    {
        using var connection = new Connection();
        using var waiter = new Waiter(_poller, Timeout.InfiniteTimeSpan);
        waiter.UntilInKernel();
        _poller.Add(connection.Near, 1, Interest.Readable);
        waiter.UntilInKernel();
        Assert.False(waiter.HasReturned);
        _poller.Modify(connection.Near, 9, Interest.Writable);

        var e = Assert.Single(waiter.Result());
        Assert.Equal(new PollEvent(9, Readiness.Writable), e);
    }

    private void DisposeDuringSelect(Socket socket)
    {
        _poller.Add(socket, 1, Interest.Readable);
        using var waiter = new Waiter(_poller, Timeout.InfiniteTimeSpan);
        waiter.UntilInKernel();
        socket.Dispose();
        Assert.False(waiter.HasReturned);
        _poller.Wake();
        Assert.Empty(waiter.Result());
    }
}
