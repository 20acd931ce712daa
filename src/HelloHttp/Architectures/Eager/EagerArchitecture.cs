using HelloHttp.Architectures.Loops;
using Mux;

namespace HelloHttp.Architectures.Eager;

/// <summary>One event loop per core on listeners that all share; nobody waits before a call has said that it would block.</summary>
internal sealed class EagerArchitecture : LoopArchitecture
{
    internal const string ArchitectureName = "eager";

    /// <inheritdoc/>
    public override string Name => ArchitectureName;

    /// <inheritdoc/>
    internal override LoopAcceptor NewAcceptor(LoopWorker worker, ListenSocket listener, ServerContext context) =>
        new EagerAcceptor(worker, listener, context);

    /// <inheritdoc/>
    internal override LoopConnection NewConnection(LoopWorker worker) => new EagerConnection(worker);
}
