namespace Mux.Kqueue;

/// <summary>Where the kqueue backend takes its calls from.</summary>
public sealed class KqueueOptions
{
    /// <summary>The configuration section that is bound to these options.</summary>
    public const string Section = "Mux:Kqueue";

    /// <summary>
    /// Name or path of a library that offers kqueue and kevent in place of the system's own; on Linux that is libkqueue.
    /// Configuration key <c>Mux:Kqueue:Library</c>. Where it is null, the environment variable MUX_KQUEUE_LIBRARY counts.
    /// </summary>
    public string? Library { get; set; }
}
