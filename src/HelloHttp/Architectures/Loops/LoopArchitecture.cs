using HelloHttp.Configuration;
using Mux;

namespace HelloHttp.Architectures.Loops;

/// <summary>Event loops, each with a thread and a poller of its own, on listeners that all of them share.</summary>
internal abstract class LoopArchitecture : IArchitecture
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public bool UsesPoller => true;

    /// <inheritdoc/>
    public int DefaultWorkers => Environment.ProcessorCount;

    /// <inheritdoc/>
    public ListenOptions Listening(ServerOptions options) => new();

    /// <inheritdoc/>
    public void Check(ServerOptions options)
    {
    }

    /// <inheritdoc/>
    public IRunningServer Start(ServerContext context) => new LoopServer(context, this);

    /// <summary>What accepts for one loop from one listener.</summary>
    internal abstract LoopAcceptor NewAcceptor(LoopWorker worker, ListenSocket listener, ServerContext context);

    /// <summary>What serves one connection at a time on one loop.</summary>
    internal abstract LoopConnection NewConnection(LoopWorker worker);
}
