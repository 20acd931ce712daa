using HelloHttp.Architectures.Blocking;
using HelloHttp.Architectures.Threads;

namespace HelloHttp.Architectures.Prefork;

/// <summary>
/// Workers, each the blocking loop from accept to close, on a listener that all share; the kernel wakes one of them for a
/// connection. As many connections are served at a time as there are workers. With two addresses each has its own workers.
/// </summary>
internal sealed class PreforkArchitecture : ThreadArchitecture
{
    /// <inheritdoc/>
    public override string Name => "prefork";

    /// <inheritdoc/>
    public override int DefaultWorkers => Environment.ProcessorCount;

    /// <inheritdoc/>
    private protected override void SetUp(ThreadServer server, ServerContext context)
    {
        var index = 0;
        for (var i = 0; i < context.Options.Workers; i++)
        {
            foreach (var listener in context.Listeners.Of(i))
                _ = new BlockingLoop(server, $"{Name} {index++}", listener);
        }
    }
}
