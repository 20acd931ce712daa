using static Mux.Kqueue.Emulation.LinuxNative;

namespace Mux.Kqueue.Emulation;

/// <summary>What a filter would say of a descriptor now, in the terms of a BSD kernel.</summary>
/// <param name="Active">Whether there is anything to report.</param>
/// <param name="EndOfFile">EV_EOF.</param>
/// <param name="Errno">fflags beside EV_EOF: the pending error in BSD's numbers, still pending afterwards.</param>
/// <param name="Data">Bytes or connections to take, or room to write.</param>
internal readonly record struct Condition(bool Active, bool EndOfFile, uint Errno, long Data)
{
    private const int SynSent = 2;
    private const int FinWait1 = 4;
    private const int FinWait2 = 5;
    private const int TimeWait = 6;
    private const int LastAck = 9;
    private const int Listen = 10;
    private const int Closing = 11;
    private const uint ConnectionReset = 54;
    private const uint ConnectionRefused = 61;

    /// <summary>Looks at a descriptor without changing anything about it; in particular SO_ERROR is not read.</summary>
    internal static unsafe Condition Of(Knote knote)
    {
        var reading = knote.Filter == KqueueNative.EVFILT_READ;
        var fd = (int)knote.Ident;
        var query = new PollFd { Descriptor = fd, Events = (short)((reading ? POLLIN : POLLOUT) | POLLRDHUP) };
        if (poll(&query, 1, 0) < 0 || (query.Returned & POLLNVAL) != 0)
            return default;
        int answer = query.Returned;
        if (knote.File.Type == FileIdentity.Fifo)
            return OfPipe(reading, fd, answer);
        if (knote.File.Type != FileIdentity.Socket)
            return OfOther(reading, fd, answer);
        return knote.SocketType == SOCK_STREAM ? OfStream(knote, reading, fd, answer) : OfDatagram(reading, fd, answer);
    }

    /// <summary>Whether the other end of a pipe is closed, which FreeBSD answers to EV_ADD of a WRITE filter with EPIPE.</summary>
    internal static unsafe bool IsBrokenPipe(int fd)
    {
        var query = new PollFd { Descriptor = fd, Events = POLLOUT };
        return poll(&query, 1, 0) > 0 && (query.Returned & POLLERR) != 0;
    }

    private static unsafe Condition OfStream(Knote knote, bool reading, int fd, int answer)
    {
        var info = stackalloc byte[104];
        uint length = 104;
        var isTcp = !knote.IsUnix && getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0;
        var state = isTcp ? info[0] : 0;
        if (isTcp ? state == Listen : Option(fd, SOL_SOCKET, SO_ACCEPTCONN) != 0)
        {
            // For a listener tcpi_unacked counts the connections that wait; a Unix listener doesn't tell how many.
            long waiting = isTcp ? *(uint*)(info + 24) : 1;
            return new(reading && (answer & POLLIN) != 0, false, 0, waiting);
        }

        // Linux shouts for a socket that was never connected (HUP without RDHUP). A BSD kernel says nothing.
        var readClosed = (answer & POLLRDHUP) != 0;
        if (state == SynSent || ((answer & POLLHUP) != 0 && !readClosed))
            return default;

        var failed = (answer & POLLERR) != 0;

        // tcpi_rtt is measured at the handshake: without it there was none.
        var errno = !failed ? 0 : isTcp && *(uint*)(info + 68) == 0 ? ConnectionRefused : ConnectionReset;
        if (reading)
        {
            var bytes = Count(fd, FIONREAD);

            // Behind an urgent byte Linux counts nothing, though there is something to read.
            var readable = (answer & POLLIN) != 0;
            if (readable && bytes == 0 && !readClosed)
                bytes = 1;
            return new(readClosed || failed || readable, readClosed, readClosed ? errno : 0, bytes);
        }

        var writeClosed = (answer & POLLHUP) != 0
            || state is FinWait1 or FinWait2 or TimeWait or LastAck or Closing;
        var room = Math.Max(1, Option(fd, SOL_SOCKET, SO_SNDBUF) - Count(fd, SIOCOUTQ));
        return new(writeClosed || failed || (answer & POLLOUT) != 0, writeClosed, writeClosed ? errno : 0, room);
    }

    private static Condition OfDatagram(bool reading, int fd, int answer)
    {
        var failed = (answer & POLLERR) != 0;
        if (!reading)
            return new(failed || (answer & POLLOUT) != 0, false, 0, Option(fd, SOL_SOCKET, SO_SNDBUF));
        var ended = (answer & POLLRDHUP) != 0;
        return new(failed || ended || (answer & POLLIN) != 0, ended, 0, Count(fd, FIONREAD));
    }

    private static Condition OfPipe(bool reading, int fd, int answer)
    {
        // HUP: no writer at the other end. ERR: no reader.
        var alone = (answer & (POLLHUP | POLLERR)) != 0;
        return reading
            ? new(alone || (answer & POLLIN) != 0, alone, 0, Count(fd, FIONREAD))
            : new((answer & (POLLOUT | POLLERR)) != 0, (answer & POLLERR) != 0, 0, 4096);
    }

    private static Condition OfOther(bool reading, int fd, int answer)
    {
        var ended = (answer & POLLHUP) != 0;
        return reading
            ? new(ended || (answer & (POLLIN | POLLERR)) != 0, ended, 0, Math.Max(1, Count(fd, FIONREAD)))
            : new(ended || (answer & (POLLOUT | POLLERR)) != 0, ended, 0, 1);
    }
}
