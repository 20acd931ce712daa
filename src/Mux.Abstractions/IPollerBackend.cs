namespace Mux;

/// <summary>One way of multiplexing that a program can choose: makes pollers, and says whether this system has it.</summary>
public interface IPollerBackend
{
    /// <summary>The name to choose it by: "epoll", "kqueue", "select". Compared without regard to case.</summary>
    string Name { get; }

    /// <summary>
    /// Where <c>auto</c> puts it: the supported backend with the highest value is taken. epoll has 300, kqueue 200, select 100.
    /// </summary>
    int Preference { get; }

    /// <summary>What its pollers can do beyond the common contract, on this system.</summary>
    PollerFeatures Features { get; }

    /// <summary>Why this system lacks it, as a clause that reads well after "because"; null if it is available.</summary>
    string? UnavailableReason { get; }

    /// <summary>Makes a poller.</summary>
    /// <exception cref="PlatformNotSupportedException">This system lacks the backend.</exception>
    /// <exception cref="IOException">The process or the system has no descriptor or memory left for it.</exception>
    IPoller CreatePoller();
}
