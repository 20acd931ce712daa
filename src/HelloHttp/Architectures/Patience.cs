namespace HelloHttp.Architectures;

/// <summary>How long peers are waited for where no option says so.</summary>
internal static class Patience
{
    /// <summary>
    /// For how many bytes, and for how long, a connection that ends before its peer has is read and thrown away (RFC 9112
    /// section 9.6).
    /// </summary>
    internal const int LingerBytes = 1024 * 1024;

    /// <inheritdoc cref="LingerBytes"/>
    internal static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a connection that nothing is asked of stays open when its place is needed or the server stops: a request may
    /// be on its way, and closing under it would lose it.
    /// </summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a connection may wait for its next request while the server stops.</summary>
    /// <param name="idleTimeout">How long otherwise.</param>
    internal static TimeSpan WhileDraining(TimeSpan idleTimeout) => idleTimeout < Grace ? idleTimeout : Grace;
}
