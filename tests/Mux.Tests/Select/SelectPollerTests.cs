using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Win32.SafeHandles;
using Mux.Select;

namespace Mux.Tests.Select;

/// <summary>What is special to select: what it refuses, how it keeps time, errors that only the error list shows.</summary>
public sealed class SelectPollerTests : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);
    private readonly SelectPoller _poller = new();
    private readonly PollEvent[] _events = new PollEvent[8];

    public void Dispose() => _poller.Dispose();

    [Fact]
    public void Select_is_always_available_and_promises_nothing_beyond_the_contract()
    {
        using var services = new ServiceCollection().AddMux(o => o.Backend = "select").AddSelect().Services.BuildServiceProvider();
        var factory = services.GetRequiredService<IPollerFactory>();
        using var poller = factory.Create();
        Assert.Equal("select", poller.Name);
        Assert.Equal(PollerFeatures.None, factory.Features);
        Assert.False(poller.TryGetDescriptor(out var descriptor));
        Assert.Equal(-1, descriptor);
    }

    [UnixFact]
    public unsafe void What_is_not_a_socket_is_not_supported_and_what_is_not_open_is_a_bad_descriptor()
    {
        var ends = stackalloc int[2];
        Assert.Equal(0, Posix.pipe(ends));
        using var reader = new SafeFileHandle(ends[0], ownsHandle: true);
        using var writer = new SafeFileHandle(ends[1], ownsHandle: true);
        using var file = File.OpenHandle(typeof(SelectPollerTests).Assembly.Location);
        Assert.Equal(PollerError.NotSupported, _poller.TryAdd(reader, 1, Interest.Readable));
        Assert.Equal(PollerError.NotSupported, _poller.TryAdd(PollSource.FromDescriptor(ends[1]), 1, Interest.Writable));
        Assert.Equal(PollerError.NotSupported, _poller.TryAdd(file, 1, Interest.Readable));
        Assert.Equal(PollerError.NotSupported, _poller.TryAdd(PollSource.FromSocket(file.DangerousGetHandle()), 1, Interest.Readable));
        Assert.Equal(PollerError.BadDescriptor, _poller.TryAdd(PollSource.FromDescriptor(1_000_000), 1, Interest.Readable));
        Assert.Equal(PollerError.BadDescriptor, _poller.TryAdd(PollSource.FromSocket(-1), 1, Interest.Readable));
        Assert.Equal(0, _poller.Statistics.Registrations);
        var refusal = Assert.Throws<NotSupportedException>(() => _poller.Add(reader, 1, Interest.Readable));
        Assert.Contains("sockets only", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Edge_and_exclusive_are_not_supported()
    {
        using var connection = new Connection();
        Assert.Equal(PollerError.NotSupported, _poller.TryAdd(connection.Near, 1, Interest.Readable, PollMode.Edge));
        Assert.Equal(PollerError.NotSupported, _poller.TryAdd(connection.Near, 1, Interest.Readable, PollMode.Exclusive));
    }

    [Fact]
    public void A_socket_can_be_registered_as_object_handle_or_number_and_the_number_stays_open()
    {
        using var connection = new Connection();
        PollSource[] sources =
        [
            connection.Near,
            connection.Near.SafeHandle,
            PollSource.FromDescriptor(connection.Near.Handle),
            PollSource.FromSocket(connection.Near.Handle),
        ];
        foreach (var source in sources)
        {
            _poller.Add(source, 5, Interest.Writable);
            Assert.Equal(1, _poller.Wait(_events, Guard));
            _poller.Remove(source);
        }

        _poller.Add(sources[2], 5, Interest.Writable);
        _poller.Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(1, connection.Near.Send([1]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5_000)]
    [InlineData(9_999)]
    [InlineData(10_001)]
    public void A_timeout_is_rounded_up_and_does_not_spin(long ticks)
    {
        using var connection = new Connection();
        _poller.Add(connection.Near, 1, Interest.Readable);
        var timeout = TimeSpan.FromTicks(ticks);
        for (var i = 0; i < 20; i++)
        {
            var before = _poller.Selects;
            var begun = Stopwatch.GetTimestamp();
            Assert.Equal(0, _poller.Wait(_events, timeout));
            Assert.True(Stopwatch.GetElapsedTime(begun) >= timeout);
            Assert.InRange(_poller.Selects - before, 1, 3);
        }

        Assert.InRange(_poller.Statistics.Polls, 20, 40);
    }

    [Fact]
    public void Timeouts_of_years_are_waited_for_with_and_without_registrations()
    {
        using var connection = new Connection();
        TimeSpan[] lengths = [TimeSpan.FromDays(3650), TimeSpan.MaxValue, Timeout.InfiniteTimeSpan];
        foreach (var length in lengths)
        {
            using (var empty = new Waiter(_poller, length))
            {
                empty.UntilInKernel();
                _poller.Wake();
                Assert.Empty(empty.Result());
                Assert.True(empty.Woken);
            }

            _poller.Add(connection.Near, 1, Interest.Readable);
            using (var waiter = new Waiter(_poller, length))
            {
                waiter.UntilInKernel();
                connection.Far.Send([1]);
                Assert.Single(waiter.Result());
            }

            connection.Near.Receive(new byte[1]);
            _poller.Remove(connection.Near);
        }
    }

    [Fact]
    public void A_pending_error_of_a_datagram_socket_is_readiness_in_the_direction_asked_for_and_stays_with_the_socket()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using (var closed = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Connect(closed.LocalEndPoint!);
        }

        _poller.Add(socket, 1, Interest.Readable);
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.Zero));
        socket.Send([1]);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(1, _poller.Wait(_events, Guard));
            Assert.Equal(new PollEvent(1, Readiness.Readable), _events[0]);
        }

        socket.Blocking = false;
        socket.Receive(new byte[1], SocketFlags.None, out var error);
        Assert.Equal(SocketError.ConnectionRefused, error);
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.Zero));

        _poller.Modify(socket, 2, Interest.None);
        socket.Send([1]);
        var selects = _poller.Selects;
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.FromMilliseconds(50)));
        Assert.InRange(_poller.Selects - selects, 1, 5);
    }

    [Fact]
    public void Urgent_data_alone_is_not_readable()
    {
        using var connection = new Connection();
        _poller.Add(connection.Near, 1, Interest.Readable);
        connection.Far.Send([1], SocketFlags.OutOfBand);
        Assert.True(connection.Near.Poll(20_000_000, SelectMode.SelectError));
        var selects = _poller.Selects;
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.FromMilliseconds(50)));
        Assert.InRange(_poller.Selects - selects, 1, 5);
    }

    [LinuxFact]
    public unsafe void A_note_in_the_error_queue_is_reported_once_and_hides_nothing()
    {
        const int SO_ZEROCOPY = 60, MSG_ZEROCOPY = 0x4000000;
        using var connection = new Connection();
        connection.Near.SetRawSocketOption(1, SO_ZEROCOPY, BitConverter.GetBytes(1));
        var note = stackalloc byte[4];
        Assert.Equal(4, Posix.send((int)connection.Near.Handle, note, 4, MSG_ZEROCOPY));
        Assert.Equal(4, connection.Far.Receive(new byte[4]));
        Assert.True(connection.Near.Poll(Guard, SelectMode.SelectError));

        _poller.Add(connection.Near, 1, Interest.Readable);
        Assert.Equal(1, _poller.Wait(_events, Guard));
        var selects = _poller.Selects;
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.FromMilliseconds(50)));
        Assert.InRange(_poller.Selects - selects, 1, 15);

        connection.Far.Send([1]);
        for (var i = 0; i < 3; i++)
            Assert.Equal(1, _poller.Wait(_events, Guard));
        connection.Near.Receive(new byte[1]);
        Assert.Equal(0, _poller.Wait(_events, TimeSpan.FromMilliseconds(5)));

        _poller.Modify(connection.Near, 2, Interest.Writable);
        Assert.Equal(1, _poller.Wait(_events, Guard));
        Assert.Equal(new PollEvent(2, Readiness.Writable), _events[0]);
    }

    [Fact]
    public void A_refused_connect_is_ready_in_both_directions_and_its_error_is_left_to_the_user()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        EndPoint dead;
        using (var listener = Connection.Listener())
            dead = listener.LocalEndPoint!;
        socket.Blocking = false;
        try
        {
            socket.Connect(dead);
        }
        catch (SocketException)
        {
            // In progress, or refused at once.
        }

        _poller.Add(socket, 1, Interest.Readable | Interest.Writable);
        Assert.Equal(1, _poller.Wait(_events, Guard));
        Assert.Equal(Readiness.Readable | Readiness.Writable, _events[0].Readiness & (Readiness.Readable | Readiness.Writable));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void With_less_room_than_ready_sockets_each_has_its_turn(int room)
    {
        const int Ready = 7;
        var connections = Enumerable.Range(0, Ready).Select(_ => new Connection()).ToList();
        for (var i = 0; i < Ready; i++)
            _poller.Add(connections[i].Near, (ulong)i, Interest.Writable);
        var seen = new HashSet<ulong>();
        var waits = (Ready + room - 1) / room;
        for (var round = 0; round < 3; round++)
        {
            seen.Clear();
            for (var wait = 0; wait < waits; wait++)
            {
                Assert.Equal(room, _poller.Wait(_events.AsSpan(0, room), Guard));
                foreach (var e in _events[..room])
                    seen.Add(e.Key);
            }

            Assert.Equal(Ready, seen.Count);
        }

        connections.ForEach(c => c.Dispose());
    }

    [Fact]
    public void Any_number_of_wakes_counts_as_one_and_none_is_left_behind()
    {
        for (var round = 0; round < 3; round++)
        {
            using var waiter = new Waiter(_poller, Timeout.InfiniteTimeSpan);
            waiter.UntilInKernel();
            for (var i = 0; i < 20_000; i++)
                _poller.Wake();
            Assert.Empty(waiter.Result());
            Assert.True(waiter.Woken);
            _poller.Wait(_events, TimeSpan.Zero, out _);
            var selects = _poller.Selects;
            Assert.Equal(0, _poller.Wait(_events, TimeSpan.FromMilliseconds(5), out var woken));
            Assert.False(woken);
            Assert.InRange(_poller.Selects - selects, 1, 3);
        }
    }

    [Theory]
    [InlineData(20_000, false)]
    [InlineData(500, true)]
    public void A_wake_that_meets_a_wait_at_its_beginning_is_not_lost(int rounds, bool contended)
    {
        var returned = 0;
        var thread = InBackground(() =>
        {
            var events = new PollEvent[1];
            while (Volatile.Read(ref returned) < rounds)
            {
                _poller.Wait(events, Timeout.InfiniteTimeSpan, out var woken);
                if (woken)
                    Interlocked.Increment(ref returned);
            }
        });

        // Whoever lists the registrations holds the gate meanwhile: the Wait then stands before it, having looked for a Wake
        // and found none, when the Wake comes.
        var connections = Enumerable.Range(0, contended ? 60 : 0).Select(_ => new Connection()).ToList();
        connections.ForEach(c => _poller.Add(c.Near, 1, Interest.Readable));
        var lister = InBackground(() =>
        {
            while (contended && Volatile.Read(ref returned) < rounds)
                _poller.GetRegistrations();
        });
        for (var i = 0; i < rounds; i++)
        {
            _poller.Wake();
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref returned) > i, Guard), $"Wake {i} was lost.");
        }

        Assert.True(thread.Join(Guard));
        Assert.True(lister.Join(Guard));
        connections.ForEach(c => c.Dispose());
    }

    [Fact]
    public void Dispose_ends_a_wait_and_takes_no_registered_socket_with_it()
    {
        using var connection = new Connection();
        _poller.Add(connection.Near, 1, Interest.Readable);
        using var waiter = new Waiter(_poller, Timeout.InfiniteTimeSpan);
        waiter.UntilInKernel();
        _poller.Dispose();
        Assert.Throws<ObjectDisposedException>(waiter.Result);
        Assert.Equal(1, connection.Near.Send([1]));
    }

    [Fact]
    public void Hundreds_of_sockets_are_waited_on_at_once()
    {
        var connections = Enumerable.Range(0, 200).Select(_ => new Connection()).ToList();
        for (var i = 0; i < connections.Count; i++)
            _poller.Add(connections[i].Near, (ulong)i, Interest.Readable);
        for (var i = 0; i < connections.Count; i += 17)
        {
            connections[i].Far.Send([1]);
            Assert.Equal(1, _poller.Wait(_events, Guard));
            Assert.Equal(new PollEvent((ulong)i, Readiness.Readable), _events[0]);
            connections[i].Near.Receive(new byte[1]);
        }

        connections.ForEach(c => c.Dispose());
    }

    private static Thread InBackground(Action action)
    {
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (ObjectDisposedException)
            {
                // The test has failed and is over.
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        return thread;
    }
}
