namespace Mux.Epoll;

/// <summary>The epoll backend, to be chosen as "epoll". Linux.</summary>
public sealed class EpollBackend : IPollerBackend
{
    internal const string BackendName = "epoll";

    internal const PollerFeatures CommonFeatures = PollerFeatures.EdgeTriggered | PollerFeatures.ExclusiveWakeUp
        | PollerFeatures.AnyDescriptor | PollerFeatures.Nesting;

    /// <inheritdoc/>
    public string Name => BackendName;

    /// <inheritdoc/>
    public int Preference => 300;

    /// <inheritdoc/>
    public PollerFeatures Features => EpollPoller.SystemFeatures;

    /// <inheritdoc/>
    public string? UnavailableReason => OperatingSystem.IsLinux() ? null : "epoll is part of the Linux kernel and this is not Linux";

    /// <inheritdoc/>
    public IPoller CreatePoller() => new EpollPoller();
}
