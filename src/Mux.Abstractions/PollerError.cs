namespace Mux;

/// <summary>Why a call on an <see cref="IPoller"/> changed nothing (contract rule 8).</summary>
public enum PollerError
{
    /// <summary>It worked.</summary>
    None = 0,

    /// <summary>The descriptor is registered with this poller already.</summary>
    AlreadyRegistered,

    /// <summary>The descriptor, or this <see cref="System.Net.Sockets.Socket"/> or handle, is not registered with this poller.</summary>
    NotRegistered,

    /// <summary>The descriptor is closed, invalid, or the default <see cref="PollSource"/>.</summary>
    BadDescriptor,

    /// <summary>
    /// This backend cannot do it: a regular file or directory anywhere, a non-socket on select, a
    /// <see cref="PollMode"/> that <see cref="IPoller.Features"/> lacks.
    /// </summary>
    NotSupported,

    /// <summary>The kernel's limit of watches or its memory is used up.</summary>
    OutOfResources,
}
