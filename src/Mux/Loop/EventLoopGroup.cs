using System.Collections;

namespace Mux;

/// <summary>Several loops of one backend, by default one per core, started and stopped together.</summary>
public sealed class EventLoopGroup : IReadOnlyList<EventLoop>, IDisposable
{
    private readonly EventLoop[] _loops;
    private uint _next;

    /// <summary>Makes the loops; none runs yet.</summary>
    /// <param name="factory">Makes a poller for each.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A count below one.</exception>
    /// <exception cref="IOException">Descriptors or memory do not suffice for so many pollers.</exception>
    public EventLoopGroup(IPollerFactory factory, EventLoopGroupOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(factory);
        var count = options?.Count ?? Environment.ProcessorCount;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(options));
        BackendName = factory.BackendName;
        _loops = new EventLoop[count];
        try
        {
            for (var i = 0; i < count; i++)
                _loops[i] = Create(factory, options?.LoopOptions?.Invoke(i) ?? new() { Name = $"Mux loop {i}" });
        }
        catch
        {
            foreach (var loop in _loops)
                loop?.Dispose();
            throw;
        }
    }

    /// <summary>The backend's name.</summary>
    public string BackendName { get; }

    /// <summary>How many loops there are.</summary>
    public int Count => _loops.Length;

    /// <summary>The loop with this index.</summary>
    /// <param name="index">From 0 to <see cref="Count"/> - 1.</param>
    public EventLoop this[int index] => _loops[index];

    /// <summary>The loops in turn, for spreading work over them. From any thread.</summary>
    public EventLoop Next() => _loops[(Interlocked.Increment(ref _next) - 1) % (uint)_loops.Length];

    /// <summary>Completed when all loops have stopped; failed when a poller did.</summary>
    public Task Completion => Task.WhenAll(_loops.Select(static loop => loop.Completion));

    /// <summary>Starts every loop on a thread of its own.</summary>
    /// <exception cref="InvalidOperationException">One was started before.</exception>
    public void Start()
    {
        foreach (var loop in _loops)
            loop.Start();
    }

    /// <summary>Asks every loop to stop at the end of its turn. From any thread; returns at once.</summary>
    public void Stop()
    {
        foreach (var loop in _loops)
            loop.Stop();
    }

    /// <summary>Asks every loop to stop and waits until all have.</summary>
    /// <param name="timeout">How long to wait for all of them together; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <returns>Whether all have stopped; false after the timeout, when they may still do so later.</returns>
    public async Task<bool> StopAsync(TimeSpan timeout)
    {
        var stopped = await Task.WhenAll(_loops.Select(loop => loop.StopAsync(timeout))).ConfigureAwait(false);
        return Array.TrueForAll(stopped, static one => one);
    }

    /// <summary>Stops the loops that run, waits until they have stopped, and disposes the pollers.</summary>
    public void Dispose()
    {
        Stop();
        foreach (var loop in _loops)
            loop.Dispose();
    }

    /// <inheritdoc/>
    public IEnumerator<EventLoop> GetEnumerator() => ((IEnumerable<EventLoop>)_loops).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _loops.GetEnumerator();

    private static EventLoop Create(IPollerFactory factory, EventLoopOptions options)
    {
        var poller = factory.Create();
        try
        {
            return new(poller, options);
        }
        catch
        {
            poller.Dispose();
            throw;
        }
    }
}
