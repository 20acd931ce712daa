namespace HelloHttp.Architectures.Threads;

/// <summary>
/// Accepted connections on their way from the thread that accepted them to the one that serves them. Handing one over costs
/// a futex call on each side when the other sleeps, and a switch of threads.
/// </summary>
/// <param name="capacity">How many may wait; more stay in the kernel's queue.</param>
internal sealed class ConnectionQueue(int capacity) : IDisposable
{
    // Room for every connection that there may be.
    private const int Plenty = 1 << 28;

    private readonly SemaphoreSlim _room = new(capacity);

    // Guards itself and wakes takers. Not a semaphore, which yields the processor several times before it sleeps.
    private readonly Queue<Accepted> _waiting = new(capacity);
    private bool _completed;

    /// <summary>Whether none waits.</summary>
    internal bool IsEmpty
    {
        get
        {
            lock (_waiting)
                return _waiting.Count == 0;
        }
    }

    /// <summary>Puts a connection in, as soon as there is room.</summary>
    internal void Put(Accepted connection)
    {
        _room.Wait();
        lock (_waiting)
        {
            _waiting.Enqueue(connection);
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Waits for the next connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <returns>False when there is none and none will come.</returns>
    internal bool TryTake(out Accepted connection)
    {
        lock (_waiting)
        {
            while (_waiting.Count == 0 && !_completed)
                Monitor.Wait(_waiting);
            if (!_waiting.TryDequeue(out connection))
                return false;
        }

        _room.Release();
        return true;
    }

    /// <summary>From now on there is room for all: what has been accepted cannot be left to the kernel any more.</summary>
    internal void Unbound() => _room.Release(Plenty);

    /// <summary>No more will come.</summary>
    internal void Complete()
    {
        lock (_waiting)
        {
            _completed = true;
            Monitor.PulseAll(_waiting);
        }
    }

    public void Dispose() => _room.Dispose();
}
