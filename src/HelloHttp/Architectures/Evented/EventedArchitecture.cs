using HelloHttp.Architectures.Loops;
using Mux;

namespace HelloHttp.Architectures.Evented;

/// <summary>
/// One event loop per core, the classic way: the poller is asked before every accept, every recv and every send, and each
/// answer has to be asked for anew. What it costs beside eager is what it is here to show.
/// </summary>
internal sealed class EventedArchitecture : LoopArchitecture
{
    /// <inheritdoc/>
    public override string Name => "evented";

    /// <inheritdoc/>
    internal override LoopAcceptor NewAcceptor(LoopWorker worker, ListenSocket listener, ServerContext context) =>
        new EventedAcceptor(worker, listener, context);

    /// <inheritdoc/>
    internal override LoopConnection NewConnection(LoopWorker worker) => new EventedConnection(worker);
}
