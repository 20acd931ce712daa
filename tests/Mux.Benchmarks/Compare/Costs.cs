using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mux.Benchmarks.Compare.Load;
using Mux.Benchmarks.Compare.Report;
using Mux.Epoll;

namespace Mux.Benchmarks.Compare;

/// <summary>
/// What the system calls cost that the architectures differ in, each called over and over on this machine: those that the eager
/// style saves, and those by which it finds out. Linux.
/// </summary>
internal sealed unsafe partial class Costs : IDisposable
{
    // A few hundred batches, each short enough to fall between two interruptions: their median is the call's own time.
    private const int Batches = 400;
    private const int CallsPerBatch = 200;
    private const nuint FIONBIO = 0x5421; // asm-generic/ioctls.h

    private readonly ListenSocket _listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly Socket _client;
    private readonly EagerSocket _server;
    private readonly EpollPoller _poller = new();
    private readonly PollEvent[] _events = new PollEvent[1];

    internal Costs()
    {
        _client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _client.Connect(_listener.LocalAddress);
        if (!_listener.TryAccept(out _server).IsDone)
            throw new InvalidOperationException("a connection that stands could not be accepted");
        _poller.Add(_server.Source, 1, Interest.Readable);
    }

    /// <summary>Measures each call.</summary>
    internal IReadOnlyList<CallCost> Measure()
    {
        var descriptor = (int)_server.Descriptor;
        var buffer = new byte[64];
        return
        [
            Of("accept4, nobody waits", () => Expect(_listener.TryAccept(out _).IsWouldBlock)),
            Of("getsockopt, how many wait", () => Expect(_listener.PendingConnections == 0)),
            Of("recv, nothing there", () => Expect(_server.TryReceive(buffer).IsWouldBlock)),
            Of("wait, nothing ready", () => Expect(_poller.Wait(_events, TimeSpan.Zero, out _) == 0)),
            Of("change of interest (epoll_ctl)", () => Expect(_poller.TryModify(_server.Source, 1, Interest.Readable) == PollerError.None)),
            Of("set non-blocking (ioctl)", () => Expect(SetNonBlocking(descriptor))),
        ];
    }

    public void Dispose()
    {
        _poller.Dispose();
        _server.Close();
        _client.Dispose();
        _listener.Dispose();
    }

    private static CallCost Of(string name, Action call)
    {
        var samples = new double[Batches];
        for (var warmUp = 0; warmUp < 2; warmUp++)
        {
            for (var batch = 0; batch < Batches; batch++)
            {
                var begun = Stopwatch.GetTimestamp();
                for (var i = 0; i < CallsPerBatch; i++)
                    call();
                samples[batch] = Stopwatch.GetElapsedTime(begun).TotalNanoseconds / CallsPerBatch;
            }
        }

        return new(name, Samples.Median(samples), samples.Min());
    }

    private static bool SetNonBlocking(int descriptor)
    {
        var on = 1;
        return ioctl(descriptor, FIONBIO, &on) == 0;
    }

    private static void Expect(bool held)
    {
        if (!held)
            throw new InvalidOperationException("the call did not end as it should");
    }

    [LibraryImport("libc")]
    private static partial int ioctl(int descriptor, nuint request, int* value);
}
