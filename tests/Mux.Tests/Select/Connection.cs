using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Mux.Tests.Select;

/// <summary>Two connected TCP sockets over loopback.</summary>
internal sealed class Connection : IDisposable
{
    internal Connection()
    {
        using var listener = Listener();
        Near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Near.Connect(listener.LocalEndPoint!);
        Far = listener.Accept();
        Far.ReceiveTimeout = 20_000;
    }

    internal Socket Near { get; }

    internal Socket Far { get; }

    public void Dispose()
    {
        Near.Dispose();
        Far.Dispose();
    }

    internal static Socket Listener()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }
}

/// <summary>System calls that .NET has no public form of.</summary>
internal static unsafe partial class Posix
{
    [LibraryImport("libc")]
    internal static partial int close(int fd);

    [LibraryImport("libc")]
    internal static partial int dup(int fd);

    [LibraryImport("libc")]
    internal static partial int pipe(int* ends);
}
