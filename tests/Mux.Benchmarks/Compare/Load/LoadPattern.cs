namespace Mux.Benchmarks.Compare.Load;

/// <summary>How a client asks.</summary>
internal enum LoadPattern
{
    /// <summary>A connection for each request; the server closes it.</summary>
    Close,

    /// <summary>The next request on the same connection when the answer is there.</summary>
    KeepAlive,

    /// <summary>Several requests at once on the same connection, the next ones when all are answered.</summary>
    Pipeline,
}
