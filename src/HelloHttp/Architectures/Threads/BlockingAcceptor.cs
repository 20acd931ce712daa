using HelloHttp.Hosting;
using HelloHttp.Http;
using HelloHttp.Tracing;
using Mux;

namespace HelloHttp.Architectures.Threads;

/// <summary>Accepts for one thread from one listener, which others may share; sleeps in accept itself.</summary>
/// <param name="name">The thread's name.</param>
/// <param name="listener">A listener that blocks, for a tick at most.</param>
/// <param name="context">What all architectures share.</param>
/// <param name="stop">When to stop.</param>
/// <param name="counters">The thread's counters.</param>
internal sealed class BlockingAcceptor(
    string name, ListenSocket listener, ServerContext context, StopSignal stop, WorkerCounters counters)
{
    /// <summary>How long accepting rests when descriptors, or the places of --max-connections, have run out.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether somebody waits to be accepted.</summary>
    internal bool HasPending => listener.HasPending;

    /// <summary>Waits for the next connection, a tick at most.</summary>
    /// <param name="connection">The connection.</param>
    /// <returns>Whether there is one.</returns>
    internal bool TryAccept(out Accepted connection)
    {
        var result = listener.TryAccept(out var socket);
        if (result.IsDone)
        {
            counters.Accepted++;
            connection = new Accepted(socket, context.Tracer?.Accepted(name, socket));
            while (!context.Admission.TryEnter() && !stop.IsCut)
            {
                if (context.Options.RefusesWhenFull)
                {
                    Refuse(connection);
                    return false;
                }

                stop.Rest(Moment);
            }

            return true;
        }

        connection = default;
        if (result.IsWouldBlock)
        {
            counters.AcceptWouldBlocks++;
            return false;
        }

        counters.AcceptFailures++;
        context.AcceptFailures.Report(result.Error);
        stop.Rest(Moment);
        return false;
    }

    /// <summary>There is no place: 503, and the end.</summary>
    private void Refuse(Accepted connection)
    {
        counters.Requests++;
        counters.Overloaded++;
        counters.Refused[(int)Refusal.Overloaded]++;
        Span<byte> output = stackalloc byte[Http1.MinOutput];
        var exchange = new Exchange([], output);
        new Http1(context.Service).Refuse(ref exchange, new HttpDate(context.Time.GetUtcNow()), Refusal.Overloaded);
        var written = output.Length - exchange.Output.Length;
        connection.Trace?.Refuse(Refusal.Overloaded, written);
        var socket = connection.Socket;
        socket.TrySend(output[..written]);

        // A request that has come and is not read would turn the close into a reset (RFC 9112 section 9.6). It waits a tick
        // for it at most: nobody is accepted meanwhile.
        socket.ShutdownSend();
        socket.TryReceive(output);
        connection.Trace?.Close();
        socket.Close();
        counters.Closed++;
    }
}

/// <summary>A connection on its way from accept to whoever serves it.</summary>
/// <param name="Socket">The connection; it blocks, for a tick at most.</param>
/// <param name="Trace">What prints its life, if anything does.</param>
internal readonly record struct Accepted(EagerSocket Socket, ConnectionTrace? Trace);
