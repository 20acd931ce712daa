namespace Mux;

/// <summary>What a backend can do beyond the common contract.</summary>
[Flags]
public enum PollerFeatures
{
    /// <summary>The common contract and nothing beyond it.</summary>
    None = 0,

    /// <summary><see cref="PollMode.Edge"/> is supported.</summary>
    EdgeTriggered = 1,

    /// <summary><see cref="PollMode.Exclusive"/> is supported.</summary>
    ExclusiveWakeUp = 2,

    /// <summary>Descriptors other than sockets can be registered: pipes, eventfd, inotify, terminals.</summary>
    AnyDescriptor = 4,

    /// <summary>Timeouts below one millisecond are kept instead of being rounded up.</summary>
    SubMillisecondTimeout = 8,

    /// <summary>The poller has a descriptor of its own that another poller can wait on (<see cref="IPoller.TryGetDescriptor"/>).</summary>
    Nesting = 16,
}
