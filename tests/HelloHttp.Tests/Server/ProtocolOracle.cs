using HelloHttp.Http;

namespace HelloHttp.Tests.Server;

/// <summary>What the protocol object alone makes of a stream of bytes: what any server around it has to answer.</summary>
internal static class ProtocolOracle
{
    /// <summary>The responses to a stream that is there as a whole.</summary>
    internal static byte[] Answer(HttpService service, byte[] stream)
    {
        var http = new Http1(service);
        var date = new HttpDate(DateTimeOffset.UnixEpoch);
        var output = new byte[64 * 1024];
        using var answers = new MemoryStream();
        ReadOnlySpan<byte> input = stream;
        while (true)
        {
            var exchange = new Exchange(input, output);
            var step = http.Advance(ref exchange, date);
            answers.Write(output, 0, output.Length - exchange.Output.Length);
            input = exchange.Input;
            if (step is Step.Receive or Step.Close)
                return answers.ToArray();
        }
    }

    /// <summary>Overwrites the value of every Date field, so that answers of different times can be compared.</summary>
    internal static byte[] WithoutDates(byte[] answers)
    {
        var rest = answers.AsSpan();
        var field = "\r\nDate: "u8;
        while (rest.IndexOf(field) is >= 0 and var at)
        {
            rest = rest[(at + field.Length)..];
            var length = Math.Min(HttpDate.Length, rest.Length);
            rest[..length].Fill((byte)'x');
            rest = rest[length..];
        }

        return answers;
    }
}
