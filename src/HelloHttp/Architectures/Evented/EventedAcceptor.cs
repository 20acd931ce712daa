using HelloHttp.Architectures.Loops;
using Mux;

namespace HelloHttp.Architectures.Evented;

/// <summary>Waits until the listener is readable, accepts one connection, and waits again.</summary>
internal sealed class EventedAcceptor(LoopWorker worker, ListenSocket listener, ServerContext context)
    : LoopAcceptor(worker, listener, context)
{
    /// <inheritdoc/>
    private protected override PollMode Mode => PollMode.OneShot;

    /// <inheritdoc/>
    private protected override void AcceptWaiting()
    {
        Accept(1);
        if (!IsPaused)
            Resume();
    }
}
