namespace Mux;

/// <summary>How an <see cref="EventLoopGroup"/> makes its loops.</summary>
public sealed class EventLoopGroupOptions
{
    /// <summary>How many loops; null for one per processor that the process may use.</summary>
    public int? Count { get; set; }

    /// <summary>Makes the options of each loop by its index; null for the defaults. The name gets the index appended when this is null.</summary>
    public Func<int, EventLoopOptions>? LoopOptions { get; set; }
}
