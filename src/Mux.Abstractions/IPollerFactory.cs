namespace Mux;

/// <summary>Makes as many pollers as a program has loops, all of the backend that was chosen at start.</summary>
public interface IPollerFactory
{
    /// <summary>The chosen backend's name.</summary>
    string BackendName { get; }

    /// <summary>What its pollers can do beyond the common contract.</summary>
    PollerFeatures Features { get; }

    /// <summary>Makes a poller; the caller disposes it.</summary>
    /// <exception cref="IOException">The process or the system has no descriptor or memory left for it.</exception>
    IPoller Create();
}
