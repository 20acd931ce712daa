using HelloHttp.Architectures.Threads;
using Mux;

namespace HelloHttp.Architectures.Blocking;

/// <summary>One loop: accept, receive, send, close, and so on. Four system calls for a connection with one request.</summary>
internal sealed class BlockingLoop
{
    private readonly ConnectionQueue _left;
    private readonly StopWitness _witness;
    private readonly BlockingAcceptor _acceptor;
    private readonly BlockingWorker _worker;

    /// <summary>Makes the loop and its thread.</summary>
    /// <param name="server">The server that the thread belongs to.</param>
    /// <param name="name">The thread's name.</param>
    /// <param name="listener">The listener, which other loops may share.</param>
    internal BlockingLoop(ThreadServer server, string name, ListenSocket listener)
    {
        _left = server.Queue;
        _witness = server.NewWitness();
        _worker = server.NewWorker(name, _witness, () => listener.PendingConnections != 0);
        _acceptor = server.NewAcceptor(name, listener, _worker.Counters);
        server.AddThread(name, Run, accepting: _witness);
    }

    private void Run()
    {
        while (!_witness.SeesStop())
        {
            if (_acceptor.TryAccept(out var connection))
                _worker.Serve(connection);
        }

        while (_left.TryTake(out var connection))
            _worker.Serve(connection);
    }
}
