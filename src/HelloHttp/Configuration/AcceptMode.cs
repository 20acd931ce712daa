namespace HelloHttp.Configuration;

/// <summary>Where workers get their connections from.</summary>
internal enum AcceptMode
{
    /// <summary>All accept from the same listeners: whoever is free takes the next connection.</summary>
    Shared,

    /// <summary>
    /// Each has listeners of its own on the same port, and the kernel deals connections out by a hash of their addresses:
    /// nobody is woken for nothing, and nobody helps a worker that is busy.
    /// </summary>
    ReusePort,
}
