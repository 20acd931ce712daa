using System.Net.Sockets;

namespace Mux.Tests.Sockets;

/// <summary>Waits for the event itself, with a guard that is long enough never to matter unless something hangs.</summary>
internal static class Patience
{
    internal static readonly TimeSpan Guard = TimeSpan.FromSeconds(30);

    internal static void UntilReadable(EagerSocket socket) => Until(socket, SelectMode.SelectRead);

    internal static void UntilWritable(EagerSocket socket) => Until(socket, SelectMode.SelectWrite);

    internal static void UntilReadable(Socket socket) =>
        Assert.True(socket.Poll(Guard, SelectMode.SelectRead), "not readable in time");

    /// <summary>Receives exactly so many bytes.</summary>
    internal static byte[] Receive(EagerSocket socket, int count)
    {
        var bytes = new byte[count];
        for (var filled = 0; filled < count;)
        {
            var result = socket.TryReceive(bytes.AsSpan(filled));
            if (result.IsWouldBlock)
            {
                UntilReadable(socket);
                continue;
            }

            Assert.True(result.IsDone, $"receive after {filled} of {count} bytes: {result}");
            filled += result.Count;
        }

        return bytes;
    }

    /// <summary>Receives until the peer has ended its side.</summary>
    internal static byte[] ReceiveToEnd(Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[65536];
        socket.ReceiveTimeout = (int)Guard.TotalMilliseconds;
        while (true)
        {
            var count = socket.Receive(buffer);
            if (count == 0)
                return all.ToArray();
            all.Write(buffer, 0, count);
        }
    }

    private static void Until(EagerSocket socket, SelectMode mode)
    {
        // The number is only looked at: the wrapper must not close it.
        if (socket.Source.Handle is null)
        {
            using var wrapper = new Socket(new SafeSocketHandle(socket.Descriptor, ownsHandle: false));
            Assert.True(wrapper.Poll(Guard, mode), $"{mode} not answered in time");
        }
        else
        {
            Assert.True(socket.ManagedSocket.Poll(Guard, mode), $"{mode} not answered in time");
        }
    }
}
