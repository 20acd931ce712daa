namespace Mux.Kqueue.Emulation;

/// <summary>A filter registered with an emulated kqueue.</summary>
internal sealed class Knote
{
    internal ulong Ident;
    internal short Filter;

    /// <summary>EV_CLEAR, EV_DISPATCH, EV_ONESHOT, as they were when the filter was created.</summary>
    internal ushort Flags;
    internal ulong UserData;
    internal bool Disabled;

    /// <summary>On the queue of filters that may have something to report.</summary>
    internal bool Queued;
    internal bool Deleted;

    /// <summary>EVFILT_USER: NOTE_TRIGGER was given.</summary>
    internal bool Triggered;

    /// <summary>Names it in the epoll sets that tell of activity.</summary>
    internal ulong Serial;
    internal FileIdentity File;

    /// <summary>Nothing epoll can watch (a regular file): looked at again and again.</summary>
    internal bool Unwatched;
    internal int SocketType;
    internal bool IsUnix;
}
