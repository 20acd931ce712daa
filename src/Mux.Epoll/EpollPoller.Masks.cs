using static Mux.Epoll.EpollNative;

namespace Mux.Epoll;

// The two directions between what a registration says and the bits of epoll_ctl(2).
public sealed partial class EpollPoller
{
    /// <summary>What to ask the kernel for. ERR and HUP come unasked.</summary>
    private static uint Mask(Interest interest, PollMode mode)
    {
        // Left in the set so that the number stays checked and a change costs one call. A reset reports once, to be dropped.
        if (interest == Interest.None)
            return EPOLLONESHOT;

        uint mask = 0;
        if ((interest & Interest.Writable) != 0)
            mask |= EPOLLOUT;

        // RDHUP only beside IN: alone, next to a full send buffer, it would report a Writable that isn't, for ever (rule 5).
        if ((interest & Interest.Readable) != 0)
            mask |= (mode & PollMode.Exclusive) == 0 ? EPOLLIN | EPOLLRDHUP : EPOLLIN;
        if ((mode & PollMode.OneShot) != 0)
            mask |= EPOLLONESHOT;
        if ((mode & PollMode.Edge) != 0)
            mask |= EPOLLET;
        if ((mode & PollMode.Exclusive) != 0)
            mask |= EPOLLEXCLUSIVE;
        return mask;
    }

    /// <summary>What the kernel's answer means for the next operation (rule 4), and what can be said for sure (rule 6).</summary>
    private static Readiness Translate(uint mask, bool notASocket)
    {
        var readiness = Readiness.None;
        if ((mask & (EPOLLIN | EPOLLRDHUP)) != 0)
            readiness |= Readiness.Readable;
        if ((mask & EPOLLOUT) != 0)
            readiness |= Readiness.Writable;
        if ((mask & EPOLLRDHUP) != 0)
            readiness |= Readiness.ReadClosed;
        if ((mask & (EPOLLERR | EPOLLHUP)) == 0)
            return readiness;

        // Either way both directions return at once now: with end of stream, or with the error.
        readiness |= Readiness.Readable | Readiness.Writable;
        if (notASocket)
        {
            // pipe(7): HUP on the reading end when the last writer is gone, ERR on the writing end when the last reader is.
            return readiness
                | ((mask & EPOLLHUP) != 0 ? Readiness.ReadClosed : 0)
                | ((mask & EPOLLERR) != 0 ? Readiness.WriteClosed : 0);
        }

        // HUP alone may be a socket that was never connected; with IN or RDHUP both directions are over. ERR without HUP may be
        // no more than a note in the error queue (a MSG_ZEROCOPY completion, say).
        if ((mask & EPOLLHUP) != 0 && (mask & (EPOLLIN | EPOLLRDHUP)) != 0)
            readiness |= Readiness.ReadClosed | Readiness.WriteClosed;
        if ((mask & (EPOLLHUP | EPOLLERR)) == (EPOLLHUP | EPOLLERR))
            readiness |= Readiness.Error;
        return readiness;
    }
}
