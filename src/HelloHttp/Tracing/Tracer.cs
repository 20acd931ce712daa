using HelloHttp.Hosting;
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
internal sealed class Tracer
{
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private long _connections;

    /// <summary>Makes a tracer.</summary>
    /// <param name="output">Where the lines go.</param>
    /// <param name="time">The clock.</param>
    internal Tracer(TextWriter output, TimeProvider time)
    {
        _time = time;

        // The first connection should not tell how long it takes to compile this.
        _output = TextWriter.Null;
        Accepted("", default).Rehearse();
        _connections = 0;
        _output = output;
    }

    /// <summary>A connection has been accepted.</summary>
    /// <param name="worker">Who accepted it.</param>
    /// <param name="socket">The connection.</param>
    /// <returns>What prints the rest of its life.</returns>
    internal ConnectionTrace Accepted(string worker, EagerSocket socket)
    {
        var trace = new ConnectionTrace(this, worker, Interlocked.Increment(ref _connections), _time);
        trace.Accepted(socket);
        return trace;
    }

    internal void Write(string line)
    {
        lock (_lock)
            _output.TryWriteLine(line);
    }
}
