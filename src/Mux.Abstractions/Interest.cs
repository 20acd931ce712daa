namespace Mux;

/// <summary>What a registration asks to be told about.</summary>
[Flags]
public enum Interest
{
    /// <summary>Nothing, whatever happens, until the registration is modified (contract rule 5).</summary>
    None = 0,

    /// <summary>Report when a receive, read or accept would not block.</summary>
    Readable = 1,

    /// <summary>Report when a send or write would not block, or a connect has ended.</summary>
    Writable = 2,
}
