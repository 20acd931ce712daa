using HelloHttp.Architectures.Threads;
using HelloHttp.Configuration;
using HelloHttp.Hosting;

namespace HelloHttp.Architectures.Blocking;

/// <summary>
/// One blocking loop: the server that every book begins with. It serves one connection at a time. A thread that sleeps in
/// accept sleeps on one listener, so with two addresses there are two loops.
/// </summary>
internal sealed class BlockingArchitecture : ThreadArchitecture
{
    /// <inheritdoc/>
    public override string Name => "blocking";

    /// <inheritdoc/>
    public override int DefaultWorkers => 1;

    /// <inheritdoc/>
    public override void Check(ServerOptions options)
    {
        base.Check(options);
        if (options.Workers != 1)
        {
            throw new StartupException(
                $"--architecture blocking is one loop, so --workers {options.Workers} makes no sense; prefork is the same loop with workers.");
        }

        if (options.WorkerModel == WorkerModel.Process || options.Accept == AcceptMode.ReusePort)
        {
            var option = options.WorkerModel == WorkerModel.Process ? "--worker-model process" : "--accept reuseport";
            throw new StartupException(
                $"--architecture blocking is one loop, so {option} makes no sense with it; prefork is the same loop with workers.");
        }
    }

    /// <inheritdoc/>
    private protected override void SetUp(ThreadServer server, ServerContext context)
    {
        var index = 0;
        foreach (var listener in context.Listeners.Sockets)
            _ = new BlockingLoop(server, $"{Name} {index++}", listener);
    }
}
