using HelloHttp.Configuration;
using HelloHttp.Hosting;
using Mux;

namespace HelloHttp.Architectures.Threads;

/// <summary>
/// Threads that sleep in accept, recv and send. No poller: a thread serves one connection at a time, and more at a time take
/// more threads.
/// </summary>
internal abstract class ThreadArchitecture : IArchitecture
{
    /// <summary>
    /// After how long a call that waits comes back, to see whether the server stops or a peer has taken too long. Ten times a
    /// second and thread is nothing to an idle machine.
    /// </summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public bool UsesPoller => false;

    /// <inheritdoc/>
    public abstract int DefaultWorkers { get; }

    /// <inheritdoc/>
    public ListenOptions Listening(ServerOptions options)
    {
        ReadOnlySpan<TimeSpan> times = [Tick, options.HeaderTimeout, options.IdleTimeout, options.BodyTimeout, options.WriteTimeout];
        var tick = times[0];
        foreach (var time in times)
            tick = time < tick ? time : tick;
        return new() { Blocking = true, ReceiveTimeout = tick, SendTimeout = tick };
    }

    /// <inheritdoc/>
    public virtual void Check(ServerOptions options)
    {
        if (options.Exclusive)
        {
            throw new StartupException(
                $"--exclusive is about waiting in a poller, and --architecture {Name} sleeps in accept, where the kernel wakes one anyway.");
        }
    }

    /// <inheritdoc/>
    public IRunningServer Start(ServerContext context)
    {
        var server = new ThreadServer(context, QueueCapacity(context.Options));
        SetUp(server, context);
        server.Start();
        return server;
    }

    /// <summary>How many connections may be on their way from one thread to another.</summary>
    private protected virtual int QueueCapacity(ServerOptions options) => 1;

    /// <summary>Says which threads there are and what each does.</summary>
    /// <param name="server">Takes the threads.</param>
    /// <param name="context">What all architectures share.</param>
    private protected abstract void SetUp(ThreadServer server, ServerContext context);
}
