namespace Mux;

/// <summary>How a call on an <see cref="EagerSocket"/> ended.</summary>
public enum IoStatus : byte
{
    /// <summary>It did what was asked, or part of it: <see cref="IoResult.Count"/> says how much.</summary>
    Done = 0,

    /// <summary>Nothing can be done now: wait for readiness and call again. On a blocking socket: its timeout has passed.</summary>
    WouldBlock,

    /// <summary>
    /// The stream is over in this direction: a receive found the peer's end of stream, or a send found that nothing can
    /// be sent any more (EPIPE).
    /// </summary>
    Closed,

    /// <summary>It failed; <see cref="IoResult.Error"/> says why.</summary>
    Failed,
}
