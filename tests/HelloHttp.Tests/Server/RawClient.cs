using System.Net.Sockets;
using System.Text;

namespace HelloHttp.Tests.Server;

/// <summary>A client that sends bytes as it is told and returns bytes as they come.</summary>
internal static class RawClient
{
    private static readonly TimeSpan HangGuard = TimeSpan.FromSeconds(60);

    internal static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    internal static Task SendAsync(this Socket socket, string text) => socket.SendAllAsync(Bytes(text));

    internal static async Task SendAllAsync(this Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes).AsTask().WaitAsync(HangGuard)..];
    }

    /// <summary>Sends in pieces, at the offsets given, and then half-closes if asked to.</summary>
    internal static async Task SendInPiecesAsync(this Socket socket, byte[] bytes, IEnumerable<int> offsets, bool shutdown)
    {
        var start = 0;
        foreach (var end in offsets.Where(o => o > 0 && o < bytes.Length).Distinct().Order().Append(bytes.Length))
        {
            await socket.SendAllAsync(bytes.AsMemory(start..end));
            start = end;

            // Lets the server see this piece alone, often enough to matter.
            await Task.Yield();
        }

        if (shutdown)
            socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Everything up to the end of the stream.</summary>
    internal static async Task<byte[]> ReadToEndAsync(this Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(HangGuard);
            if (count == 0)
                return all.ToArray();
            all.Write(buffer, 0, count);
        }
    }

    internal static async Task<string> ReadTextToEndAsync(this Socket socket) =>
        Encoding.Latin1.GetString(await socket.ReadToEndAsync());

    /// <summary>Exactly so many bytes.</summary>
    internal static async Task<byte[]> ReadAsync(this Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var received = await socket.ReceiveAsync(bytes.AsMemory(done)).AsTask().WaitAsync(HangGuard);
            if (received == 0)
                throw new EndOfStreamException($"The server closed after {done} of {count} bytes.");
            done += received;
        }

        return bytes;
    }

    /// <summary>Head and content of one response with a Content-Length, to a request other than HEAD.</summary>
    internal static async Task<string> ReadResponseAsync(this Socket socket)
    {
        var head = new StringBuilder();
        while (!head.EndsWith("\r\n\r\n"))
            head.Append((char)(await socket.ReadAsync(1))[0]);
        var text = head.ToString();
        const string Field = "Content-Length: ";
        var start = text.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        var length = int.Parse(text.AsSpan(start, text.IndexOf('\r', start) - start), System.Globalization.CultureInfo.InvariantCulture);
        return text + Encoding.Latin1.GetString(await socket.ReadAsync(length));
    }

    private static bool EndsWith(this StringBuilder builder, string end)
    {
        if (builder.Length < end.Length)
            return false;
        for (var i = 0; i < end.Length; i++)
        {
            if (builder[builder.Length - end.Length + i] != end[i])
                return false;
        }

        return true;
    }
}
