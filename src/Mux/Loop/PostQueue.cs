namespace Mux;

/// <summary>
/// Callbacks on their way from any thread to a loop's, first in, first out. Two arrays under a lock: producers append to
/// one while the loop empties the other, so that a post copies 16 bytes and the loop takes the lock once per turn, not
/// once per callback. (ConcurrentQueue allocates a segment every so many posts and costs the loop an interlocked operation
/// for each.) The arrays grow with the longest burst and keep that size.
/// </summary>
internal sealed class PostQueue
{
    internal readonly record struct Item(Action<object?> Callback, object? State);

    private readonly Lock _lock = new();
    private Item[] _incoming = new Item[64];
    private int _incomingCount;
    private bool _closed;

    // Touched by the consumer only.
    private Item[] _running = new Item[64];
    private int _next;
    private int _runningCount;
    private bool _mayFetch;

    /// <summary>Whether nothing waits, as the consumer sees it. Producers set the count under the lock.</summary>
    internal bool IsEmpty => _next == _runningCount && Volatile.Read(ref _incomingCount) == 0;

    /// <summary>From any thread.</summary>
    /// <returns>False once the queue is closed.</returns>
    internal bool TryEnqueue(Action<object?> callback, object? state)
    {
        lock (_lock)
        {
            if (_closed)
                return false;
            if (_incomingCount == _incoming.Length)
                Array.Resize(ref _incoming, _incomingCount * 2);
            _incoming[_incomingCount] = new(callback, state);
            Volatile.Write(ref _incomingCount, _incomingCount + 1);
            return true;
        }
    }

    /// <summary>No callback that is posted from now on is taken; those taken before are still handed out.</summary>
    internal void Close()
    {
        lock (_lock)
            _closed = true;
    }

    /// <summary>Begins a turn: what is posted from the first fetch on waits for the next one.</summary>
    internal void BeginTurn() => _mayFetch = true;

    internal bool TryDequeue(out Item item)
    {
        if (_next == _runningCount && !TryFetch())
        {
            item = default;
            return false;
        }

        item = _running[_next];
        _running[_next++] = default; // The array must not keep the state alive.
        return true;
    }

    private bool TryFetch()
    {
        if (!_mayFetch || Volatile.Read(ref _incomingCount) == 0)
            return false;
        _mayFetch = false;
        lock (_lock)
        {
            (_incoming, _running) = (_running, _incoming);
            _runningCount = _incomingCount;
            _incomingCount = 0;
        }

        _next = 0;
        return true;
    }
}
