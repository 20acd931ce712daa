using static Mux.Kqueue.KqueueNative;

namespace Mux.Kqueue;

/// <summary>
/// Up to four changes to the filters of one descriptor, made by one kevent call with a receipt for each. Without room for
/// every receipt the kernel would stop at the first error; without EV_RECEIPT it would fill that room with events.
/// </summary>
internal unsafe ref struct ChangeList
{
    /// <summary>The most changes a list holds.</summary>
    internal const int Capacity = 4;

    /// <summary>Bytes of stack that a list needs: changes and receipts in the larger layout. Must come zeroed.</summary>
    internal const int Space = 2 * Capacity * 64;

    private readonly KeventCalls _calls;
    private readonly int _kq;
    private readonly ulong _ident;
    private readonly byte* _changes;
    private readonly byte* _receipts;
    private int _count;

    /// <summary>Whether an added filter met a pipe that nobody will read (EPIPE): the kernel may not have taken it.</summary>
    internal bool MetBrokenPipe { get; private set; }

    /// <summary>An empty list.</summary>
    /// <param name="calls">The calls to make it with.</param>
    /// <param name="kq">The kqueue.</param>
    /// <param name="ident">The descriptor, or the user filter's number.</param>
    /// <param name="space"><see cref="Space"/> zeroed bytes on the caller's stack.</param>
    internal ChangeList(KeventCalls calls, int kq, nint ident, Span<byte> space)
    {
        _calls = calls;
        _kq = kq;
        _ident = (ulong)ident;
        fixed (byte* start = space)
        {
            // A span over stack memory doesn't move.
            _changes = start;
            _receipts = start + (Space / 2);
        }
    }

    /// <summary>Adds a change.</summary>
    /// <param name="filter">Which filter of the descriptor.</param>
    /// <param name="flags">What to do with it.</param>
    /// <param name="data">Its user data, which each change has to carry: the kernel takes it from every one.</param>
    internal void Append(short filter, ushort flags, ulong data)
    {
        _calls.Dialect.At(_changes, _count++) = new()
        {
            Ident = _ident,
            Filter = filter,
            Flags = (ushort)(flags | EV_RECEIPT),
            UserData = data,
        };
    }

    /// <summary>Makes the changes and returns the first errno, or 0. That a filter to be deleted or disabled is not there is none.</summary>
    internal int Apply()
    {
        if (_count == 0)
            return 0;
        int answered;
        do
        {
            // Every change can be made twice, should a signal fall between some and the rest of them.
            var now = default(Timespec);
            answered = _calls.Call(_kq, _changes, _count, _receipts, _count, &now);
        }
        while (answered == -EINTR);

        if (answered < 0)
            return -answered;
        var first = 0;
        for (var i = 0; i < answered && first == 0; i++)
            first = ErrnoOf(i);
        return first == 0 && answered < _count ? ENOMEM : first;
    }

    /// <summary>What a change came to, after <see cref="Apply"/>: 0 or an errno.</summary>
    private int ErrnoOf(int index)
    {
        ref var receipt = ref _calls.Dialect.At(_receipts, index);
        var errno = (receipt.Flags & EV_ERROR) == 0 ? 0 : (int)receipt.Data;
        var flags = _calls.Dialect.At(_changes, index).Flags;

        // The kernel dropped it together with an earlier owner of the number.
        if (errno == ENOENT && (flags & (EV_DELETE | EV_DISABLE)) != 0)
            return 0;
        if (errno != EPIPE || (flags & EV_ADD) == 0)
            return errno;
        MetBrokenPipe = true;
        return 0;
    }
}
