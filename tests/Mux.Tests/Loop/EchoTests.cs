using System.Net;
using System.Net.Sockets;
using Mux.Epoll;
using Mux.Kqueue;
using Mux.Select;
using Mux.Tests.Sockets;

namespace Mux.Tests.Loop;

/// <summary>An echo server in the eager style, as an application would write it, on every backend that this system has.</summary>
public class EchoTests
{
    private static readonly IPollerBackend[] Backends =
        [.. new IPollerBackend[] { new EpollBackend(), new KqueueBackend(), new SelectBackend() }
            .Where(static backend => backend.UnavailableReason is null)];

    public static TheoryData<string, Family> Cases()
    {
        var data = new TheoryData<string, Family>();
        foreach (var backend in Backends)
        {
            data.Add(backend.Name, Family.IPv4);
            if (Socket.OSSupportsUnixDomainSockets)
                data.Add(backend.Name, Family.Unix);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Every_client_gets_back_what_it_sent(string backend, Family family)
    {
        var (address, path) = AddressOf(family);
        using var listener = ListenSocket.Listen(address);
        using var loop = new EventLoop(Backends.Single(b => b.Name == backend).CreatePoller());
        var server = new Acceptor(listener, bound: 3);
        loop.Register(server, listener.Source, Interest.Readable);
        loop.Start();

        var clients = Enumerable.Range(0, 12).Select(seed => Client(listener.LocalAddress, seed)).ToArray();
        await Task.WhenAll(clients).WaitAsync(Patience.Guard);
        Assert.True(await loop.StopAsync(Patience.Guard));

        Assert.Equal(12, server.Accepted);
        Assert.Equal(0, server.Open);
        Assert.Equal(0, loop.Statistics.Faults);
        if (path is not null)
            File.Delete(path);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_stop_closes_what_is_open_and_an_idle_timer_closes_what_is_silent(string backend, Family family)
    {
        var (address, path) = AddressOf(family);
        using var listener = ListenSocket.Listen(address);
        using var loop = new EventLoop(Backends.Single(b => b.Name == backend).CreatePoller());
        var server = new Acceptor(listener, bound: 3, idle: TimeSpan.FromMilliseconds(30));
        loop.Register(server, listener.Source, Interest.Readable);
        loop.Start();

        using var silent = Connect(listener.LocalAddress);
        Assert.Empty(await Task.Run(() => Patience.ReceiveToEnd(silent)).WaitAsync(Patience.Guard));
        loop.Post(() => server.Idle = TimeSpan.FromHours(1));
        using var held = Connect(listener.LocalAddress);
        held.Send("x"u8);
        Assert.Equal(1, held.Receive(new byte[8]));
        Assert.True(await loop.StopAsync(Patience.Guard));

        Assert.Empty(await Task.Run(() => Patience.ReceiveToEnd(held)).WaitAsync(Patience.Guard));
        Assert.Equal(0, server.Open);
        if (path is not null)
            File.Delete(path);
    }

    private static async Task Client(EndPoint address, int seed)
    {
        var random = new Random(seed);
        var bytes = new byte[random.Next(1, 600_000)];
        random.NextBytes(bytes);
        using var socket = Connect(address);
        var received = Task.Run(() => Patience.ReceiveToEnd(socket));
        await Task.Run(() =>
        {
            for (var sent = 0; sent < bytes.Length;)
                sent += socket.Send(bytes.AsSpan(sent, Math.Min(bytes.Length - sent, random.Next(1, 50_000))));
            socket.Shutdown(SocketShutdown.Send);
        });
        Assert.Equal(bytes, await received);
    }

    private static (EndPoint Address, string? Path) AddressOf(Family family)
    {
        if (family != Family.Unix)
            return (new IPEndPoint(IPAddress.Loopback, 0), null);
        var path = Path.Combine(Path.GetTempPath(), $"mux-{Guid.NewGuid():N}.sock");
        return (new UnixDomainSocketEndPoint(path), path);
    }

    private static Socket Connect(EndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(address);
        return socket;
    }

    /// <summary>Accepts in bounded batches and serves each connection at once.</summary>
    private sealed class Acceptor(ListenSocket listener, int bound, TimeSpan? idle = null) : Watcher
    {
        internal byte[] Buffer { get; } = new byte[16384];

        internal TimeSpan? Idle { get; set; } = idle;

        internal int Accepted { get; private set; }

        internal int Open { get; set; }

        protected internal override void OnReady(Readiness readiness)
        {
            var loop = Loop!;
            for (var i = 0; i < bound; i++)
            {
                if (!listener.TryAccept(out var socket).IsDone)
                    return;
                Accepted++;
                Open++;
                new Connection(this, socket, loop).Serve();
            }

            loop.RunAgain(this);
        }
    }

    private sealed class Connection : Watcher
    {
        private readonly Acceptor _server;
        private readonly EagerSocket _socket;
        private readonly EventLoop _loop;
        private readonly LoopTimer _idle;
        private byte[] _owed = [];

        internal Connection(Acceptor server, EagerSocket socket, EventLoop loop)
        {
            (_server, _socket, _loop) = (server, socket, loop);
            _idle = new(loop, static connection => ((Connection)connection!).Close(), this);
        }

        /// <summary>Does all it can without waiting; registers only when a call would block.</summary>
        internal void Serve()
        {
            if (_server.Idle is { } idle)
                _idle.Arm(idle);
            while (true)
            {
                if (_owed.Length > 0)
                {
                    var sent = _socket.TrySend(_owed);
                    _owed = _owed[sent.Count..];
                    if (sent.IsWouldBlock)
                        WaitFor(Interest.Writable);
                    else if (!sent.IsDone)
                        Close();
                    if (!sent.IsDone)
                        return;
                    continue;
                }

                var result = _socket.TryReceive(_server.Buffer);
                if (result.IsWouldBlock)
                    WaitFor(Interest.Readable);
                else if (!result.IsDone)
                    Close();
                if (!result.IsDone)
                    return;
                _owed = _server.Buffer[..result.Count];
            }
        }

        protected internal override void OnReady(Readiness readiness) => Serve();

        protected internal override void OnStopped() => Close();

        protected internal override void OnFaulted(Exception exception) => Close();

        private void WaitFor(Interest interest)
        {
            if (IsRegistered)
                _loop.Modify(this, interest, PollMode.OneShot);
            else
                _loop.Register(this, _socket.Source, interest, PollMode.OneShot);
        }

        private void Close()
        {
            _idle.Cancel();
            _loop.Unregister(this);
            _socket.Close();
            _server.Open--;
        }
    }
}
