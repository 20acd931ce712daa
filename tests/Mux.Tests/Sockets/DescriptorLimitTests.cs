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
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(listener.LocalAddress);
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

    private record struct Limits(nuint Soft, nuint Hard);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, Limits* limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, Limits* limits);
}
