namespace Mux;

/// <summary>What a <see cref="PollEvent"/> reports: which operations would not block now, and hints about why.</summary>
/// <remarks>
/// Every event carries <see cref="Readable"/> or <see cref="Writable"/>. Readiness promises that the operation returns
/// at once, not that it succeeds (contract rule 4). The hints are set only when true and left out when a backend cannot
/// know; a correct program works without them (contract rule 6).
/// </remarks>
[Flags]
public enum Readiness
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A receive, read or accept would return at once: with data, end of stream or an error.</summary>
    Readable = 1,

    /// <summary>A send or write would return at once, or a connect has ended.</summary>
    Writable = 2,

    /// <summary>Hint: the peer will send no more. Data sent before may still be unread.</summary>
    ReadClosed = 4,

    /// <summary>Hint: nothing can be sent any more.</summary>
    WriteClosed = 8,

    /// <summary>Hint: an error is pending; the next operation tells which.</summary>
    Error = 16,
}
