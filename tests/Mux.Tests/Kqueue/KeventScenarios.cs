using System.Net;
using System.Net.Sockets;
using System.Text;
using Mux.Kqueue;
using Mux.Kqueue.Emulation;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Tests.Kqueue;

/// <summary>
/// What a kevent answers in thirteen situations, TCP over loopback, written down for comparison with what a real BSD kernel answered
/// (kevent.golden.txt). Runs over any table of calls: the emulation, libkqueue, a real kqueue.
/// </summary>
internal sealed class KeventScenarios : IDisposable
{
    private readonly KeventCalls _calls;
    private readonly bool _linuxNumbers;
    private readonly StringBuilder _transcript = new();
    private readonly List<IDisposable> _open = [];
    private KeventSession _kq;

    private KeventScenarios(KeventCalls calls, bool linuxNumbers)
    {
        _calls = calls;
        _linuxNumbers = linuxNumbers;
        _kq = Session();
    }

    /// <summary>Runs all and returns the transcript.</summary>
    internal static string Run(KeventCalls calls, bool linuxNumbers)
    {
        using var run = new KeventScenarios(calls, linuxNumbers);
        run.Scenario("level read, drained in parts", run.LevelRead);
        run.Scenario("EV_CLEAR read, drained in part", run.ClearRead);
        run.Scenario("EV_ONESHOT in both directions", run.OneShot);
        run.Scenario("EV_ADD of a filter that exists, EV_DISABLE, close", run.AddTwice);
        run.Scenario("peer ends its sending with data unread", run.HalfClose);
        run.Scenario("peer closes, and is sent to", run.PeerClose);
        run.Scenario("peer resets with data unread", run.Reset);
        run.Scenario("send buffer filled and drained", run.FullBuffer);
        run.Scenario("connect, accepted and refused", run.Connect);
        run.Scenario("listener", run.Listener);
        run.Scenario("three ready, room for one", run.SmallList);
        run.Scenario("number closed and open again", run.Reuse);
        run.Scenario("errors", run.Errors);
        return run._transcript.ToString();
    }

    public void Dispose() => _kq.Dispose();

    private void LevelRead()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_READ, EV_ADD, 1);
        _kq.Observe("nothing sent");
        Send(b, a, 5);
        _kq.Observe("5 bytes");
        Receive(a, 2);
        _kq.Observe("2 of them read");
        Receive(a, 3);
        _kq.Observe("all read");
    }

    private void ClearRead()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_READ, EV_ADD | EV_CLEAR, 2);
        Send(b, a, 5);
        _kq.Observe("5 bytes");
        _kq.Observe("asked again");
        Receive(a, 2);
        _kq.Observe("2 of them read");
        Send(b, a, 1, already: 3);
        _kq.Observe("1 byte more");
    }

    private void OneShot()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_READ, EV_ADD | EV_ONESHOT, 3);
        _kq.Change(Number(a), EVFILT_WRITE, EV_ADD | EV_ONESHOT, 3);
        _kq.Observe("writable");
        Send(b, a, 1);
        _kq.Observe("readable");
        _kq.Observe("asked again");
        _kq.Change(Number(a), EVFILT_READ, EV_ADD | EV_ONESHOT, 33);
        _kq.Observe("READ added again");
    }

    private void AddTwice()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_READ, EV_ADD, 4);
        _kq.Change(Number(a), EVFILT_READ, EV_ADD, 44);
        Send(b, a, 1);
        _kq.Observe("1 byte");
        _kq.Attempt("EV_DELETE of WRITE", Number(a), EVFILT_WRITE, EV_DELETE);
        _kq.Change(Number(a), EVFILT_READ, EV_DISABLE, 44);
        _kq.Observe("disabled");
        _kq.Change(Number(a), EVFILT_READ, EV_ENABLE, 44);
        _kq.Observe("enabled");
        a.Dispose();
        _kq.Observe("closed while registered");
    }

    private void HalfClose()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_READ, EV_ADD, 5);
        _kq.Change(Number(a), EVFILT_WRITE, EV_ADD | EV_CLEAR, 5);
        Send(b, a, 3);
        b.Shutdown(SocketShutdown.Send);
        AwaitEnd(a);
        _kq.Observe("3 bytes and FIN");
        _kq.Observe("asked again");
        Receive(a, 3);
        _kq.Observe("all read");
        b.Dispose();
        _kq.Observe("peer closed");
    }

    private void PeerClose()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_READ, EV_ADD, 6);
        _kq.Change(Number(a), EVFILT_WRITE, EV_ADD | EV_CLEAR, 6);
        b.Dispose();
        AwaitEnd(a);
        _kq.Observe("FIN");
        Note("send", a.Send([1], SocketFlags.None, out var error), error);
        AwaitReset(a);
        _kq.Observe("answered with RST");
    }

    private void Reset()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_READ, EV_ADD, 7);
        _kq.Change(Number(a), EVFILT_WRITE, EV_ADD | EV_CLEAR, 7);
        _kq.Observe("writable");
        Send(b, a, 3);
        _kq.Observe("3 bytes");
        b.LingerState = new(true, 0);
        b.Dispose();
        AwaitReset(a);
        _kq.Observe("RST");
        Note("recv", a.Receive(new byte[8], SocketFlags.None, out var error), error);
        Note("recv", a.Receive(new byte[8], SocketFlags.None, out error), error);
        _kq.Observe("error read");
    }

    private void FullBuffer()
    {
        var (a, b) = Pair();
        _kq.Change(Number(a), EVFILT_WRITE, EV_ADD, 8);
        _kq.Observe("empty");
        a.Blocking = false;
        var sent = 0;
        while (_kq.Ask().Count > 0)
        {
            // A buffer that is full may drain into the peer's until that one is full too.
            SocketError error;
            do
                sent += a.Send(new byte[16384], SocketFlags.None, out error);
            while (error == SocketError.Success);
        }

        _kq.Observe("full, the peer's too");
        while (sent > 0)
            sent -= b.Receive(new byte[65536]);
        _kq.Observe("drained by the peer");
    }

    private void Connect()
    {
        var listener = Listen();
        var a = Keep(Stream());
        StartConnect(a, listener);
        _kq.Change(Number(a), EVFILT_WRITE, EV_ADD | EV_CLEAR, 9);
        Assert.True(a.Poll(10_000_000, SelectMode.SelectWrite));
        _kq.Observe("accepted");
        Keep(listener.Accept());

        var refusing = (IPEndPoint)listener.LocalEndPoint!;
        listener.Dispose();
        var b = Keep(Stream());
        _kq.Change(Number(b), EVFILT_READ, EV_ADD, 10);
        _kq.Change(Number(b), EVFILT_WRITE, EV_ADD, 10);
        _kq.Observe("not connected yet");
        StartConnect(b, refusing);
        AwaitReset(b);
        _kq.Observe("refused");
    }

    private void Listener()
    {
        var listener = Listen();
        _kq.Change(Number(listener), EVFILT_READ, EV_ADD, 11);
        _kq.Observe("nobody");
        for (var i = 0; i < 2; i++)
            Keep(Stream()).Connect(listener.LocalEndPoint!);
        if (!OperatingSystem.IsLinux())
        {
            using var fence = Session();
            fence.Await(Number(listener), EVFILT_READ, (_, waiting) => waiting == 2);
        }

        _kq.Observe("two wait");
        Keep(listener.Accept());
        _kq.Observe("one accepted");
        Keep(listener.Accept());
        _kq.Observe("both accepted");
    }

    private void SmallList()
    {
        for (var data = 20; data < 23; data++)
        {
            var (a, b) = Pair();
            _kq.Change(Number(a), EVFILT_READ, EV_ADD, (ulong)data);
            Send(b, a, 1);
        }

        for (var turn = 0; turn < 6; turn++)
            _kq.Observe("asked", room: 1);
    }

    private void Reuse()
    {
        var pairs = new[] { Pair(), Pair(), Pair() };
        for (var i = 0; i < 3; i++)
            _kq.Change(Number(pairs[i].Near), EVFILT_READ, EV_ADD, (ulong)(20 + i));
        var (a, b) = Pair();
        KeventSession.Replace(Number(pairs[1].Near), by: Number(a));
        Send(b, a, 1);
        Send(pairs[0].Far, pairs[0].Near, 1);
        Send(pairs[2].Far, pairs[2].Near, 1);
        _kq.Observe("21 was another's");
    }

    private void Errors()
    {
        var (a, _) = Pair();
        _kq.Attempt("EV_ADD of a bad number", 99_999, EVFILT_READ, EV_ADD);
        _kq.Attempt("EV_DELETE of what isn't there", Number(a), EVFILT_READ, EV_DELETE);
        _kq.AttemptBoth("a bad number and a good one", (99_999, EVFILT_READ), (Number(a), EVFILT_WRITE));
    }

    private void Scenario(string title, Action run)
    {
        _transcript.Append(title).Append('\n');
        run();
        foreach (var socket in _open)
            socket.Dispose();
        _open.Clear();
        _kq.Dispose();
        _kq = Session();
    }

    private KeventSession Session() => new(_calls, _linuxNumbers, _transcript);

    private void Note(string call, int result, SocketError error) => _transcript.Append(
        $"   {call} -> {(error == SocketError.Success ? result : error == SocketError.ConnectionReset ? "ECONNRESET" : error)}\n");

    private T Keep<T>(T socket)
        where T : IDisposable
    {
        _open.Add(socket);
        return socket;
    }

    private Socket Listen()
    {
        var listener = Keep(Stream());
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private (Socket Near, Socket Far) Pair()
    {
        using var listener = Stream();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var near = Keep(Stream());
        near.SendBufferSize = 16384;
        near.Connect(listener.LocalEndPoint!);
        return (near, Keep(listener.Accept()));
    }

    private static Socket Stream() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private static nint Number(Socket socket) => socket.SafeHandle.DangerousGetHandle();

    private static void StartConnect(Socket socket, Socket listener) => StartConnect(socket, (IPEndPoint)listener.LocalEndPoint!);

    private static void StartConnect(Socket socket, IPEndPoint to)
    {
        socket.Blocking = false;
        try
        {
            socket.Connect(to);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
    }

    private static void Send(Socket from, Socket to, int count, int already = 0)
    {
        Assert.Equal(count, from.Send(new byte[count]));
        Assert.True(SpinWait.SpinUntil(() => to.Available == already + count, 10_000));
    }

    private static void Receive(Socket socket, int count) => Assert.Equal(count, socket.Receive(new byte[count]));

    /// <summary>Returns when the peer's FIN is here.</summary>
    private void AwaitEnd(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            AwaitPoll(socket, LinuxNative.POLLRDHUP);
            return;
        }

        using var fence = Session();
        fence.Await(Number(socket), EVFILT_READ, (eof, _) => eof);
    }

    /// <summary>Returns when the peer's RST is here.</summary>
    private void AwaitReset(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            AwaitPoll(socket, LinuxNative.POLLHUP);
            return;
        }

        using var fence = Session();
        fence.Await(Number(socket), EVFILT_WRITE, (eof, _) => eof);
    }

    private static unsafe void AwaitPoll(Socket socket, short condition)
    {
        var query = new LinuxNative.PollFd { Descriptor = (int)Number(socket), Events = condition };
        Assert.Equal(1, LinuxNative.poll(&query, 1, 10_000));
    }
}
