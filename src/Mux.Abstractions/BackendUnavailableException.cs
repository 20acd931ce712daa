namespace Mux;

/// <summary>No backend meets <see cref="MuxOptions"/>. The message says why and lists those that this system has.</summary>
public sealed class BackendUnavailableException : PlatformNotSupportedException
{
    /// <summary>An exception without a message of its own.</summary>
    public BackendUnavailableException()
    {
    }

    /// <summary>An exception with a message.</summary>
    /// <param name="message">Why, and what there is instead.</param>
    public BackendUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    /// <param name="message">Why, and what there is instead.</param>
    /// <param name="innerException">The cause.</param>
    public BackendUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
