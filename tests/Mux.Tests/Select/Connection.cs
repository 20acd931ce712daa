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
    // Above what descriptors get by themselves here, so that a number once closed stays closed although other tests go on.
    private static int LastNumber = 1000;

    /// <summary>A duplicate, without close-on-exec, under a number that nobody else uses.</summary>
    internal static int Duplicate(Socket socket)
    {
        var number = Interlocked.Increment(ref LastNumber);
        return dup2((int)socket.Handle, number) == number
            ? number
            : throw new InvalidOperationException($"Cannot duplicate a descriptor to number {number}: is ulimit -n that low?");
    }

    [LibraryImport("libc")]
    internal static partial int close(int fd);

    [LibraryImport("libc")]
    internal static partial int dup2(int fd, int number);

    [LibraryImport("libc")]
    internal static partial int pipe(int* ends);

    [LibraryImport("libc")]
    internal static partial nint send(int fd, void* buffer, nint length, int flags);
}

/// <summary>A fact about descriptor numbers, skipped on Windows.</summary>
internal sealed class UnixFactAttribute : FactAttribute
{
    public UnixFactAttribute() => Skip = OperatingSystem.IsWindows() ? "needs a Unix system" : null;
}

/// <summary>A fact about Linux, skipped elsewhere.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = OperatingSystem.IsLinux() ? null : "needs Linux";
}
