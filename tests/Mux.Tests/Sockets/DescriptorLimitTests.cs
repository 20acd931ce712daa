using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mux.Tests.Sockets;

/// <summary>Runs alone: it takes the process's descriptors away for a moment.</summary>
[CollectionDefinition(nameof(DescriptorLimitTests), DisableParallelization = true)]
[Collection(nameof(DescriptorLimitTests))]
public unsafe partial class DescriptorLimitTests
{
    private const int RLIMIT_NOFILE = 7; // Linux: asm-generic/resource.h

    [Fact]
    public void Running_out_of_descriptors_is_told_apart_and_loses_no_connection()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = Connect(listener);
        Patience.UntilReadable(listener.Socket);

        IoResult accept, connect;
        Limits limits, none;
        Assert.Equal(0, GetLimit(RLIMIT_NOFILE, &limits));
        none = limits with { Soft = 0 };
        Assert.Equal(0, SetLimit(RLIMIT_NOFILE, &none));
        try
        {
            accept = listener.TryAccept(out _);
            connect = EagerSocket.TryConnect(listener.LocalAddress, out _);
        }
        finally
        {
            Assert.Equal(0, SetLimit(RLIMIT_NOFILE, &limits));
        }

        Assert.Equal((true, SocketErrno.EMFILE), (accept.IsOutOfResources, accept.NativeError));
        Assert.Equal((true, SocketErrno.EMFILE), (connect.IsOutOfResources, connect.NativeError));
        Assert.True(listener.TryAccept(out var accepted).IsDone);
        accepted.Close();
    }

    [Fact]
    public void Accepting_leaves_the_last_descriptors_alone_and_goes_on_when_there_are_more()
    {
        if (!OperatingSystem.IsLinux())
            return;
        const int Room = 20, Reserve = 4;
        using var listener = ListenSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0), new() { DescriptorReserve = Reserve });
        var clients = Enumerable.Range(0, 2 * Room).Select(_ => Connect(listener)).ToList();
        Patience.UntilReadable(listener.Socket);
        var accepted = new List<EagerSocket>();
        Limits limits;
        Assert.Equal(0, GetLimit(RLIMIT_NOFILE, &limits));

        // The numbers that are given out next, of which the listener that has to learn of the limit takes one.
        var free = Enumerable.Range(0, Room).Select(_ => File.OpenHandle("/dev/null")).ToList();
        var limit = limits with { Soft = (nuint)(free.Max(f => f.DangerousGetHandle()) + 1 + Reserve) };
        free.ForEach(f => f.Dispose());
        Assert.Equal(0, SetLimit(RLIMIT_NOFILE, &limit));
        IoResult beyond, again;
        bool freed;
        try
        {
            using var limited = ListenSocket.FromDescriptor(Duplicate((int)listener.Socket.Descriptor), new() { DescriptorReserve = Reserve });
            while ((beyond = limited.TryAccept(out var socket)).IsDone)
                accepted.Add(socket);
            using (File.OpenHandle("/dev/null"))
                again = limited.TryAccept(out _);
            accepted[^1].Close();
            freed = limited.TryAccept(out var last).IsDone;
            accepted[^1] = last;
        }
        finally
        {
            Assert.Equal(0, SetLimit(RLIMIT_NOFILE, &limits));
        }

        Assert.Equal((true, SocketErrno.EMFILE), (beyond.IsOutOfResources, beyond.NativeError));
        Assert.True(again.IsOutOfResources);
        Assert.True(freed);
        Assert.InRange(accepted.Count, Room - 1, clients.Count - 2);

        // Nobody is lost: the rest waits in the queue. (One was closed on the way.)
        while (accepted.Count < clients.Count - 1)
        {
            Patience.UntilReadable(listener.Socket);
            Assert.True(listener.TryAccept(out var socket).IsDone);
            accepted.Add(socket);
        }

        accepted.ForEach(s => s.Close());
        clients.ForEach(c => c.Dispose());
    }

    /// <summary>.NET needs a descriptor for a thread.</summary>
    [Fact]
    public void A_loop_whose_thread_cannot_be_started_says_so_and_can_be_disposed()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var loop = new EventLoop(new Mux.Epoll.EpollPoller());
        Limits limits;
        Assert.Equal(0, GetLimit(RLIMIT_NOFILE, &limits));
        var none = limits with { Soft = 0 };
        Exception? failure;
        Assert.Equal(0, SetLimit(RLIMIT_NOFILE, &none));
        try
        {
            failure = Record.Exception(loop.Start);
        }
        finally
        {
            Assert.Equal(0, SetLimit(RLIMIT_NOFILE, &limits));
        }

        Assert.IsType<OutOfMemoryException>(failure);
        Assert.True(loop.Completion.IsFaulted);
        Assert.False(loop.Post(() => { }));
        loop.Dispose();
    }

    private static Socket Connect(ListenSocket listener)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalAddress);
        return client;
    }

    private record struct Limits(nuint Soft, nuint Hard);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, Limits* limits);

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, Limits* limits);
}
