using System.Diagnostics;
using System.Runtime.InteropServices;
using static Mux.Kqueue.Emulation.LinuxNative;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Kqueue.Emulation;

/// <summary>
/// One emulated kqueue. As in a BSD kernel, activity on a descriptor puts its filters on a queue, and a call that collects
/// goes once through that queue, looks at each condition again, and puts back those that are level-triggered. The
/// activity comes from two edge-triggered epoll sets, one for each direction, which stand in a third together with an eventfd
/// that is up while the queue holds anything: so the third is readable when there is something to collect, and it can be waited
/// on and nested.
/// </summary>
/// <remarks>Allocates nothing once as many filters have existed at a time as will, so that what a poller allocates can be measured over it.</remarks>
internal sealed unsafe class EmulatedQueue : IDisposable
{
    private const ulong Nudge = 0;
    private readonly EmulatedKernel _kernel;
    private readonly Lock _gate = new();
    private readonly Dictionary<(ulong Ident, short Filter), Knote> _knotes = [];
    private readonly Dictionary<ulong, Knote> _bySerial = [];
    private readonly Queue<Knote> _active = new();
    private readonly Stack<Knote> _spare = new();
    private readonly int _readActivity;
    private readonly int _writeActivity;
    private readonly int _nudge;
    private readonly byte[] _events = GC.AllocateArray<byte>(64 * 16, pinned: true);
    private ulong _serial;
    private bool _nudged;

    internal EmulatedQueue(EmulatedKernel kernel)
    {
        _kernel = kernel;
        Descriptor = epoll_create1(EPOLL_CLOEXEC);
        _readActivity = epoll_create1(EPOLL_CLOEXEC);
        _writeActivity = epoll_create1(EPOLL_CLOEXEC);
        _nudge = eventfd(0, EFD_CLOEXEC_NONBLOCK);
        Control(Descriptor, EPOLL_CTL_ADD, _readActivity, EPOLLIN, Nudge);
        Control(Descriptor, EPOLL_CTL_ADD, _writeActivity, EPOLLIN, Nudge);
        Control(Descriptor, EPOLL_CTL_ADD, _nudge, EPOLLIN, Nudge);
    }

    internal int Descriptor { get; }

    /// <summary>The filters there are, in words.</summary>
    internal List<string> Filters()
    {
        lock (_gate)
        {
            return [.. _knotes.Values.Select(k =>
                $"{k.Ident} {(k.Filter == EVFILT_READ ? "READ" : k.Filter == EVFILT_WRITE ? "WRITE" : "USER")}"
                + ((k.Flags & EV_CLEAR) != 0 ? " clear" : "") + ((k.Flags & EV_DISPATCH) != 0 ? " dispatch" : "")
                + (k.Disabled ? " disabled" : "") + $" {k.UserData:x}")];
        }
    }

    public void Dispose()
    {
        _ = close(_readActivity);
        _ = close(_writeActivity);
        _ = close(_nudge);
        _ = close(Descriptor);
    }

    /// <summary>Makes one change; 0 or an errno.</summary>
    internal int Change(in Kevent change)
    {
        lock (_gate)
        {
            var isUser = change.Filter == _kernel.Dialect.EVFILT_USER;
            if (!isUser && change.Filter is not (EVFILT_READ or EVFILT_WRITE))
                return EINVAL;
            FileIdentity file = default;
            if (!isUser && !FileIdentity.TryGet(change.Ident, out file))
                return EBADF;

            // A number that was closed since lost its filters then.
            if (_knotes.TryGetValue((change.Ident, change.Filter), out var knote) && !isUser && knote.File != file)
            {
                Delete(knote);
                knote = null;
            }

            if (knote is null)
            {
                if ((change.Flags & EV_ADD) == 0)
                    return ENOENT;
                if (_kernel.System == EmulatedSystem.FreeBsd && change.Filter == EVFILT_WRITE && file.Type == FileIdentity.Fifo
                    && Condition.IsBrokenPipe((int)change.Ident))
                {
                    return EPIPE;
                }

                knote = Create(change, file, isUser);
            }

            if ((change.Flags & EV_DELETE) != 0)
            {
                Delete(knote);
                return 0;
            }

            // The user data comes from every change, whatever it is for; the mode only from the one that created the filter.
            knote.UserData = change.UserData;
            if ((change.Flags & EV_ENABLE) != 0)
                knote.Disabled = false;
            else if ((change.Flags & EV_DISABLE) != 0)
                knote.Disabled = true;
            if (isUser && (change.FilterFlags & NOTE_TRIGGER) != 0)
                knote.Triggered = true;
            if (!knote.Disabled && !knote.Queued && IsActive(knote, out _))
                Activate(knote);
            SetNudge();
            return 0;
        }
    }

    /// <summary>Collects, sleeping if there is nothing; the number of events, or minus an errno.</summary>
    internal int Wait(byte* events, int room, Timespec* timeout)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var count = Collect(events, room);
            if (count > 0)
                return count;

            var left = default(Timespec);
            if (timeout is not null && !TimeLeft(began, *timeout, out left))
                return 0;
            if (_kernel.Hostility is { Interrupts: true } hostility && hostility.OneIn(4))
                return -EINTR;
            _kernel.Sleeping?.Invoke();
            var query = new PollFd { Descriptor = Descriptor, Events = POLLIN };
            if (ppoll(&query, 1, timeout is null ? null : &left, null) < 0)
            {
                var errno = Marshal.GetLastSystemError();
                if (errno != 0)
                    return -errno;
            }
        }
    }

    private int Collect(byte* events, int room)
    {
        lock (_gate)
        {
            NoteActivity(_readActivity);
            NoteActivity(_writeActivity);
            if (room > 1 && _kernel.Hostility is { ShortBatches: true } hostility)
                room = 1 + hostility.Next(room);
            var count = 0;
            for (var turns = _active.Count; turns > 0 && count < room; turns--)
            {
                var knote = _active.Dequeue();
                knote.Queued = false;
                if (knote.Deleted)
                {
                    _spare.Push(knote);
                }
                else if (!StillOpen(knote))
                {
                    Delete(knote);
                }
                else if (!knote.Disabled && IsActive(knote, out var condition))
                {
                    Report(knote, condition, ref _kernel.Dialect.At(events, count++));
                }
                else if (!knote.Disabled && knote.Unwatched)
                {
                    Activate(knote);
                }
            }

            SetNudge();
            return count;
        }
    }

    private void Report(Knote knote, in Condition condition, ref Kevent entry)
    {
        entry = new()
        {
            Ident = knote.Ident,
            Filter = knote.Filter,
            Flags = (ushort)(knote.Flags | (condition.EndOfFile ? EV_EOF : 0)),
            FilterFlags = condition.Errno,
            Data = condition.Data,
            UserData = knote.UserData,
        };
        if ((knote.Flags & EV_ONESHOT) != 0)
            Delete(knote);
        else if ((knote.Flags & EV_DISPATCH) != 0)
            knote.Disabled = true;
        else if ((knote.Flags & EV_CLEAR) != 0)
            knote.Triggered = false;
        else
            Activate(knote);
    }

    /// <summary>Puts the filters of descriptors on which something happened on the queue.</summary>
    private void NoteActivity(int set)
    {
        fixed (byte* start = _events)
        {
            int count;
            do
            {
                count = epoll_wait(set, start, 64, 0);
                for (var i = 0; i < count; i++)
                {
                    var serial = *(ulong*)(start + (i * EventSize) + DataOffset);
                    if (_bySerial.TryGetValue(serial, out var knote) && !knote.Disabled && !knote.Queued)
                        Activate(knote);
                }
            }
            while (count == 64);
        }
    }

    private Knote Create(in Kevent change, FileIdentity file, bool isUser)
    {
        if (!_spare.TryPop(out var knote))
            knote = new();
        knote.Ident = change.Ident;
        knote.Filter = change.Filter;
        knote.Flags = (ushort)(change.Flags & (EV_CLEAR | EV_DISPATCH | EV_ONESHOT));
        knote.File = file;
        knote.Serial = ++_serial;
        knote.Disabled = knote.Deleted = knote.Triggered = knote.Unwatched = knote.IsUnix = false;
        knote.SocketType = 0;
        _knotes.Add((knote.Ident, knote.Filter), knote);
        if (isUser)
            return knote;

        var fd = (int)change.Ident;
        if (file.Type == FileIdentity.Socket)
        {
            knote.SocketType = Option(fd, SOL_SOCKET, SO_TYPE);
            knote.IsUnix = Option(fd, SOL_SOCKET, SO_DOMAIN) == AF_UNIX;
        }

        _bySerial.Add(knote.Serial, knote);
        var mask = EPOLLET | (knote.Filter == EVFILT_READ ? EPOLLIN | EPOLLRDHUP : EPOLLOUT);
        var errno = Control(Activity(knote), EPOLL_CTL_ADD, fd, mask, knote.Serial);
        if (errno == EEXIST)
            errno = Control(Activity(knote), EPOLL_CTL_MOD, fd, mask, knote.Serial);
        knote.Unwatched = errno != 0;
        return knote;
    }

    private void Delete(Knote knote)
    {
        _knotes.Remove((knote.Ident, knote.Filter));
        if (_bySerial.Remove(knote.Serial) && StillOpen(knote))
            Control(Activity(knote), EPOLL_CTL_DEL, (int)knote.Ident, 0, 0);
        knote.Deleted = true;
        if (!knote.Queued)
            _spare.Push(knote);
    }

    private void Activate(Knote knote)
    {
        knote.Queued = true;
        _active.Enqueue(knote);
    }

    private void SetNudge()
    {
        var wanted = _active.Count > 0;
        if (wanted == _nudged)
            return;
        _nudged = wanted;
        ulong value = 1;
        _ = wanted ? write(_nudge, &value, sizeof(ulong)) : read(_nudge, &value, sizeof(ulong));
    }

    private int Activity(Knote knote) => knote.Filter == EVFILT_READ ? _readActivity : _writeActivity;

    private bool IsActive(Knote knote, out Condition condition)
    {
        condition = knote.Filter == _kernel.Dialect.EVFILT_USER ? new(knote.Triggered, false, 0, 0) : Condition.Of(knote);
        return condition.Active && _kernel.Mutes?.Invoke(knote.Filter) != true;
    }

    private bool StillOpen(Knote knote) => knote.Filter == _kernel.Dialect.EVFILT_USER
        || (FileIdentity.TryGet(knote.Ident, out var file) && file == knote.File);

    private static bool TimeLeft(long began, Timespec timeout, out Timespec left)
    {
        left = default;
        var passed = (Int128)(Stopwatch.GetTimestamp() - began) * 1_000_000_000 / Stopwatch.Frequency;
        var nanoseconds = ((Int128)timeout.Seconds * 1_000_000_000) + timeout.Nanoseconds - passed;
        if (nanoseconds <= 0)
            return false;
        left = new() { Seconds = (long)(nanoseconds / 1_000_000_000), Nanoseconds = (long)(nanoseconds % 1_000_000_000) };
        return true;
    }

    private static int Control(int set, int op, int fd, uint mask, ulong data)
    {
        var e = stackalloc byte[16];
        *(uint*)e = mask;
        *(ulong*)(e + DataOffset) = data;
        return epoll_ctl(set, op, fd, e) == 0 ? 0 : Marshal.GetLastSystemError();
    }
}
