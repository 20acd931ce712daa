using Mux;

namespace HelloHttp.Tracing;

/// <summary>
/// Prints the flow of every connection as it happens (<c>--trace</c>): one line for each thing done, each written as a whole,
/// so that several workers can share the output.
/// </summary>
/// <remarks>
/// Without <c>--trace</c> there is no tracer and no <see cref="ConnectionTrace"/>: what remains of tracing in a connection is
/// one comparison of a field with null beside each system call, and its arguments are not evaluated.
/// </remarks>
/// <param name="output">Where the lines go.</param>
/// <param name="time">The clock.</param>
internal sealed class Tracer(TextWriter output, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _connections;

    /// <summary>A connection has been accepted.</summary>
    /// <param name="worker">Who accepted it.</param>
    /// <param name="socket">The connection.</param>
    /// <returns>What prints the rest of its life.</returns>
    internal ConnectionTrace Accepted(string worker, EagerSocket socket)
    {
        var trace = new ConnectionTrace(this, worker, Interlocked.Increment(ref _connections), time);
        trace.Accepted(socket);
        return trace;
    }

    internal void Write(string line)
    {
        lock (_lock)
            output.WriteLine(line);
    }
}
