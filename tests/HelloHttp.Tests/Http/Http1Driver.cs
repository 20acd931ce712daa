using System.Buffers;
using HelloHttp.Http;
using Xunit;

namespace HelloHttp.Tests.Http;

/// <summary>How an exchange with the protocol object went.</summary>
/// <param name="Output">Every byte it wrote.</param>
/// <param name="Closed">Whether it closed.</param>
/// <param name="Lingers">Whether it asked to linger.</param>
/// <param name="Refusal">Its last refusal.</param>
/// <param name="Requests">Responses it counts.</param>
/// <param name="Phase">Where it stands.</param>
internal sealed record Outcome(byte[] Output, bool Closed, bool Lingers, Refusal Refusal, long Requests, Phase Phase)
{
    /// <summary>What the observer heard.</summary>
    public IReadOnlyList<ResponseSummary> Summaries { get; init; } = [];
}

/// <summary>Remembers every response.</summary>
internal sealed class Recorder : Http1Observer
{
    public List<ResponseSummary> Summaries { get; } = [];

    public override void OnResponse(in ResponseSummary summary) => Summaries.Add(summary);
}

/// <summary>
/// Drives an <see cref="Http1"/> as a server does, without a socket: input in given pieces, output in given sizes, and every
/// rule of <see cref="Step"/> checked on the way.
/// </summary>
internal static class Http1Driver
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static HttpService Service { get; } = new(new HttpLimits(), "hello"u8);

    public static HttpDate Date { get; } = new(Noon);

    /// <summary>All input in one piece, plenty of room.</summary>
    public static Outcome Run(ReadOnlySpan<byte> input, HttpService? service = null) =>
        Run(input, Math.Max(1, input.Length), 64 * 1024, service);

    /// <summary>Input in pieces of one size, output in buffers of one size.</summary>
    public static Outcome Run(ReadOnlySpan<byte> input, int pieceSize, int outputSize, HttpService? service = null)
    {
        var pieces = new List<int>();
        for (var left = input.Length; left > 0; left -= pieceSize)
            pieces.Add(Math.Min(left, pieceSize));
        var recorder = new Recorder();
        var outcome = Run(input, pieces, [outputSize], new Http1(service ?? Service, recorder));
        return outcome with { Summaries = recorder.Summaries };
    }

    /// <summary>Input in the given pieces (what is left over comes as one), output in the given sizes, taken in turn.</summary>
    public static Outcome Run(ReadOnlySpan<byte> input, IReadOnlyList<int> pieces, IReadOnlyList<int> outputSizes, Http1 http)
    {
        var written = new ArrayBufferWriter<byte>();
        var room = new byte[outputSizes.Max()];
        int consumed = 0, arrived = 0, piece = 0, turn = 0, idleCalls = 0;
        while (true)
        {
            var output = room.AsSpan(0, outputSizes[turn++ % outputSizes.Count]);
            var exchange = new Exchange(input[consumed..arrived], output);
            var step = http.Advance(ref exchange, Date);
            var used = output.Length - exchange.Output.Length;
            var left = exchange.Input.Length;
            Assert.True(exchange.Input == input[(arrived - left)..arrived], "Input shrank from its end.");
            Assert.True(exchange.Output == output[used..], "Output shrank from its end.");
            idleCalls = used == 0 && left == arrived - consumed ? idleCalls + 1 : 0;
            Assert.True(idleCalls < 3, "No progress.");
            consumed = arrived - left;
            written.Write(output[..used]);
            switch (step)
            {
                case Step.Receive:
                    Assert.Equal(0, used);
                    Assert.True(left <= Service.MaxRetained);
                    if (arrived == input.Length)
                        return new Outcome(written.WrittenSpan.ToArray(), false, false, http.LastRefusal, http.Requests, http.Phase);
                    arrived += piece < pieces.Count ? Math.Min(pieces[piece++], input.Length - arrived) : input.Length - arrived;
                    idleCalls = 0;
                    break;
                case Step.Send:
                    Assert.NotEqual(0, used);
                    break;
                case Step.Close:
                    Assert.Equal(Phase.Closed, http.Phase);
                    return new Outcome(
                        written.WrittenSpan.ToArray(), true, http.LingerOnClose, http.LastRefusal, http.Requests, http.Phase);
            }
        }
    }
}
