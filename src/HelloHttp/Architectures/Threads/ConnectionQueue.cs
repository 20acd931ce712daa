using System.Collections.Concurrent;

namespace HelloHttp.Architectures.Threads;

/// <summary>
/// Accepted connections on their way from the thread that accepted them to the one that serves them. Handing one over costs
/// a release and a wait, which are system calls when the other side sleeps, and a switch of threads.
/// </summary>
/// <param name="capacity">How many may wait; more stay in the kernel's queue.</param>
internal sealed class ConnectionQueue(int capacity) : IDisposable
{
    // Enough to wake every thread there may be, and to admit every connection there may be.
    private const int Plenty = 1 << 28;

    private readonly ConcurrentQueue<Accepted> _waiting = new();
    private readonly SemaphoreSlim _room = new(capacity);
    private readonly SemaphoreSlim _filled = new(0);

    /// <summary>Whether none waits.</summary>
    internal bool IsEmpty => _waiting.IsEmpty;

    /// <summary>Puts a connection in, when there is room.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="patience">How long to wait for room.</param>
    /// <returns>Whether it is in.</returns>
    internal bool TryPut(Accepted connection, TimeSpan patience)
    {
        if (!_room.Wait(patience))
            return false;
        _waiting.Enqueue(connection);
        _filled.Release();
        return true;
    }

    /// <summary>Waits for the next connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <returns>False when there is none and none will come.</returns>
    internal bool TryTake(out Accepted connection)
    {
        _filled.Wait();
        if (!_waiting.TryDequeue(out connection))
            return false;
        _room.Release();
        return true;
    }

    /// <summary>From now on there is room for all: what has been accepted cannot be left to the kernel any more.</summary>
    internal void Unbound() => _room.Release(Plenty);

    /// <summary>No more will come.</summary>
    internal void Complete() => _filled.Release(Plenty);

    public void Dispose()
    {
        _room.Dispose();
        _filled.Dispose();
    }
}
