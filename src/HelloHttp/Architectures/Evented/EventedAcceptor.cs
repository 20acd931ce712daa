using HelloHttp.Architectures.Loops;
using Mux;

namespace HelloHttp.Architectures.Evented;

/// <summary>Waits until the listener is readable, accepts one connection, and waits again.</summary>
internal sealed class EventedAcceptor(LoopWorker worker, ListenSocket listener, ServerContext context)
    : LoopAcceptor(worker, listener, context)
{
    /// <inheritdoc/>
    /// <remarks>The kernel has no one-shot wake-up that is exclusive: level-triggered, the wait before each accept stays.</remarks>
    private protected override PollMode Mode => IsExclusive ? base.Mode : PollMode.OneShot;

    /// <inheritdoc/>
    private protected override void AcceptWaiting()
    {
        Accept(1);
        if (!IsPaused && !IsExclusive)
            Resume();
    }
}
