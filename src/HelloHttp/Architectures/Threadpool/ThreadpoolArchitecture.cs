using HelloHttp.Architectures.Threads;
using HelloHttp.Configuration;
using HelloHttp.Hosting;

namespace HelloHttp.Architectures.Threadpool;

/// <summary>
/// One thread accepts (one for each address) and hands over to a pool of workers, which receive, send and close. The number
/// of workers is free of the number of listeners; the price is the hand-over and a switch of threads for each connection.
/// </summary>
internal sealed class ThreadpoolArchitecture : ThreadArchitecture
{
    private const int WorkersPerCore = 8;

    // As many as are served: more would wait here instead of in the kernel's queue, where they cost no descriptor.
    private const int QueuedPerWorker = 1;

    /// <inheritdoc/>
    public override string Name => "threadpool";

    /// <inheritdoc/>
    public override int DefaultWorkers => WorkersPerCore * Environment.ProcessorCount;

    /// <inheritdoc/>
    public override void Check(ServerOptions options)
    {
        base.Check(options);
        if (options.WorkerModel == WorkerModel.Process)
        {
            throw new StartupException(
                "--architecture threadpool hands connections from thread to thread, so --worker-model process makes no sense with it; prefork has processes.");
        }

        if (options.Accept == AcceptMode.ReusePort)
        {
            throw new StartupException(
                "--architecture threadpool accepts in one thread, so --accept reuseport makes no sense with it; prefork has a listener for each worker.");
        }
    }

    /// <inheritdoc/>
    private protected override int QueueCapacity(ServerOptions options) => QueuedPerWorker * options.Workers;

    /// <inheritdoc/>
    private protected override void SetUp(ThreadServer server, ServerContext context)
    {
        var index = 0;
        foreach (var listener in context.Listeners.Sockets)
        {
            var name = $"acceptor {index++}";
            var acceptor = server.NewAcceptor(name, listener);
            var witness = server.NewWitness();
            server.AddThread(name, () => Accept(acceptor, witness, server.Queue), accepting: witness);
        }

        for (var i = 0; i < context.Options.Workers; i++)
        {
            var name = $"{Name} {i}";
            var worker = server.NewWorker(name, server.NewWitness(), () => !server.Queue.IsEmpty);
            server.AddThread(name, () => Work(worker, server.Queue));
        }
    }

    private static void Accept(BlockingAcceptor acceptor, StopWitness witness, ConnectionQueue queue)
    {
        while (!witness.SeesStop())
        {
            if (acceptor.TryAccept(out var connection))
                queue.Put(connection);
        }
    }

    private static void Work(BlockingWorker worker, ConnectionQueue queue)
    {
        while (queue.TryTake(out var connection))
            worker.Serve(connection);
    }
}
