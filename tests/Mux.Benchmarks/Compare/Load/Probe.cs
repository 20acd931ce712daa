using System.Net.Sockets;
using System.Text;

namespace Mux.Benchmarks.Compare.Load;

/// <summary>Asks a server twice, without haste, and learns what its responses look like.</summary>
internal static class Probe
{
    private const int Patience = 10_000; // Milliseconds: a server just started compiles before it answers.
    private const int MaxLength = 1024 * 1024;

    /// <summary>Asks.</summary>
    /// <param name="plan">Whom, and for what.</param>
    /// <param name="expectedBody">The body it must have; null for any.</param>
    /// <returns>What each response must be.</returns>
    /// <exception cref="InvalidDataException">It is no 200, has another body, or not twice the same.</exception>
    /// <exception cref="SocketException">The server can't be reached or doesn't answer.</exception>
    internal static ResponseTemplate Ask(LoadPlan plan, string? expectedBody)
    {
        var closes = plan.Pattern == LoadPattern.Close;
        byte[] first, second;
        using (var socket = Connect(plan))
        {
            first = AskOn(socket, plan, closes);
            second = closes ? [] : AskOn(socket, plan, closes);
        }

        if (closes)
        {
            using var socket = Connect(plan);
            second = AskOn(socket, plan, closes);
        }

        if (!first.AsSpan().StartsWith("HTTP/1.1 200 "u8))
            throw new InvalidDataException($"it answers '{FirstLine(first)}' and not 200");
        var head = ResponseTemplate.HeadLength(first);
        if (expectedBody is not null && Encoding.UTF8.GetString(first.AsSpan(head)) is var body && body != expectedBody)
            throw new InvalidDataException($"the body is '{body}' and not '{expectedBody}'");
        var template = new ResponseTemplate(first);
        if (!template.Matches(second))
            throw new InvalidDataException("two responses differ in more than their Date, so they cannot be checked byte for byte");
        return template;
    }

    private static Socket Connect(LoadPlan plan)
    {
        var socket = new Socket(plan.Target.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveTimeout = Patience,
            SendTimeout = Patience,
        };
        socket.Connect(plan.Target);
        return socket;
    }

    private static byte[] AskOn(Socket socket, LoadPlan plan, bool closes)
    {
        socket.Send(plan.Request);
        var bytes = new byte[MaxLength];
        var length = 0;
        long expected = -1;
        while (expected < 0 || length < expected || closes)
        {
            var count = socket.Receive(bytes.AsSpan(length));
            if (count == 0)
                break;
            length += count;
            var head = ResponseTemplate.HeadLength(bytes.AsSpan(0, length));
            if (head < 0 || expected >= 0)
                continue;
            expected = ResponseTemplate.ResponseLength(bytes.AsSpan(0, head));
            if (expected is < 0 or > MaxLength)
                throw new InvalidDataException("its response has no Content-Length (or a huge one), so it cannot be checked byte for byte");
        }

        if (length != expected)
            throw new InvalidDataException($"its response has {length} bytes in place of {expected}");
        return bytes[..length];
    }

    private static string FirstLine(byte[] response) => Encoding.Latin1.GetString(response).Split("\r\n")[0];
}
