using HelloHttp.Http;
using Mux;

namespace HelloHttp.Architectures;

/// <summary>
/// What the connections of one worker share, whatever the architecture: a buffer to receive into, one to answer from, and
/// the date. An idle connection needs none of them.
/// </summary>
/// <param name="service">Says how much may stay unconsumed.</param>
/// <param name="clock">The worker's clock.</param>
internal sealed class WorkerBuffers(HttpService service, LoopClock clock)
{
    private const int Size = 64 * 1024;

    // What the protocol leaves unconsumed is put in front of what is received next, and there must be room for that.
    private readonly byte[] _input =
        GC.AllocateUninitializedArray<byte>(Math.Max(Size, 2 * service.MaxRetained), pinned: true);

    private readonly byte[] _output = GC.AllocateUninitializedArray<byte>(Size, pinned: true);
    private readonly HttpDate _date = new(DateTimeOffset.UnixEpoch);
    private long _second = long.MinValue;

    /// <summary>To receive into.</summary>
    internal Span<byte> Input => _input;

    /// <summary>To answer from.</summary>
    internal Span<byte> Output => _output;

    /// <summary>The date, formatted once a second at most.</summary>
    internal HttpDate Date
    {
        get
        {
            var second = clock.UtcSecond;
            if (second != _second)
            {
                _second = second;
                _date.Update(clock.UtcNow);
            }

            return _date;
        }
    }
}
