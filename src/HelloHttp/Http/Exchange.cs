namespace HelloHttp.Http;

/// <summary>
/// The two buffers of one <see cref="Http1.Advance"/> call. Both shrink from the front as they are used, as in zlib:
/// what was consumed is gone from <see cref="Input"/>, what was written lies before <see cref="Output"/>.
/// </summary>
/// <param name="input">Bytes from the peer: what an earlier call left unconsumed, then what has arrived since.</param>
/// <param name="output">Room for bytes to the peer, at least <see cref="Http1.MinOutput"/> bytes.</param>
internal ref struct Exchange(ReadOnlySpan<byte> input, Span<byte> output)
{
    /// <summary>Bytes from the peer that are not consumed yet.</summary>
    public ReadOnlySpan<byte> Input = input;

    /// <summary>Room that is not used yet.</summary>
    public Span<byte> Output = output;
}

/// <summary>What the driver of an <see cref="Http1"/> does next.</summary>
internal enum Step
{
    /// <summary>
    /// Nothing was written and nothing more can be done: receive, and call again. Bytes left in
    /// <see cref="Exchange.Input"/> (part of a line, never more than <see cref="HttpService.MaxRetained"/>) are to be
    /// offered again in front of the new ones.
    /// </summary>
    Receive,

    /// <summary>
    /// Send what was written, all of it, then call again with a fresh Output and with what is left of Input, even if
    /// that is nothing. Until it is sent neither receive nor call: that is the back-pressure.
    /// </summary>
    Send,

    /// <summary>
    /// Send what was written, perhaps nothing, then close; see <see cref="Http1.LingerOnClose"/>. Further calls answer
    /// the same until <see cref="Http1.Reset"/>.
    /// </summary>
    Close,
}

/// <summary>What a connection is in the middle of; decides which timeout holds for it.</summary>
internal enum Phase
{
    /// <summary>Between requests; not one byte of the next has arrived (idle timeout; close without a word).</summary>
    Idle,

    /// <summary>A request line or header section has begun (header timeout; 408).</summary>
    Head,

    /// <summary>The head is complete, the body is not (body rate; 408).</summary>
    Body,

    /// <summary>A response is being written (write stall; close).</summary>
    Response,

    /// <summary>Over.</summary>
    Closed,
}
