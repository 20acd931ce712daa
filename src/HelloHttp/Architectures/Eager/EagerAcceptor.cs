using HelloHttp.Architectures.Loops;
using Mux;

namespace HelloHttp.Architectures.Eager;

/// <summary>Accepts what waits; each connection is served as far as it goes before the next is accepted.</summary>
/// <remarks>
/// An accept that finds nobody costs as much as half a request, so the system is asked how many wait, where it tells.
/// </remarks>
internal sealed class EagerAcceptor(LoopWorker worker, ListenSocket listener, ServerContext context)
    : LoopAcceptor(worker, listener, context)
{
    /// <summary>Connections accepted in one turn at most; those accepted before have their turn then.</summary>
    private const int MaxBatch = 64;

    // A kernel that has never told of anybody may be one that does not tell (gVisor answers TCP_INFO with zeros).
    private bool _tells;

    /// <inheritdoc/>
    private protected override void AcceptWaiting()
    {
        var room = MaxBatch;
        while (room > 0)
        {
            var pending = Listener.PendingConnections;
            _tells |= pending > 0;
            if (!_tells)
                pending = -1;
            if (pending == 0)
                return;

            // Loops that were woken by the same connections take a share each, instead of the quickest taking all.
            var share = pending < 0 ? room : Math.Min(room, (pending + Sharers - 1) / Sharers);
            if (!Accept(share) || share < pending)
                return;
            room -= share;
        }
    }
}
