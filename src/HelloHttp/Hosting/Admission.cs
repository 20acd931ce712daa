namespace HelloHttp.Hosting;

/// <summary>How many connections the whole process serves at a time. Free of cost when there is no limit.</summary>
/// <param name="limit">The most; 0 is no limit.</param>
internal sealed class Admission(int limit)
{
    private int _connections;

    /// <summary>Takes a place.</summary>
    /// <returns>False if all are taken.</returns>
    internal bool TryEnter()
    {
        if (limit == 0 || Interlocked.Increment(ref _connections) <= limit)
            return true;
        Interlocked.Decrement(ref _connections);
        return false;
    }

    /// <summary>Gives a place back.</summary>
    internal void Leave()
    {
        if (limit != 0)
            Interlocked.Decrement(ref _connections);
    }
}
