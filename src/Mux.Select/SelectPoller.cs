using System.Diagnostics;
using System.Net.Sockets;
using Mux.Backends;

namespace Mux.Select;

/// <summary>A poller over <see cref="Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, int)"/>. Every system; sockets only.</summary>
/// <remarks>
/// <para>
/// Cost: a Wait takes time in proportion to what is registered, not to what is ready, and .NET allocates an array of 16 bytes per
/// entry from 80 entries on; an Add inspects the socket with about eight system calls. A change made by another thread
/// during a Wait wakes it and makes it begin anew. Timeouts are rounded up to milliseconds.
/// </para>
/// <para>
/// Each registration asks through a Socket object of its own that does not own the descriptor. Asking through the caller's
/// would keep a reference count of its handle for the length of the call, and <see cref="Socket.Dispose()"/> waits for that:
/// .NET then resets the connection to end the call (seen on Linux: the peer gets ECONNRESET in place of end of stream), or where
/// it cannot (a descriptor without close-on-exec) does not return before the call does. As it is, Dispose returns at
/// once; but poll(2) keeps the closed file alive until the call ends, so a call lasts 100 ms at most and is then repeated. A
/// peer learns up to that much later of a socket that was closed during a Wait without Remove, and a listener's port is free
/// that much later; after Remove there is no such delay.
/// </para>
/// </remarks>
public sealed partial class SelectPoller : PollerBase
{
    // KernelState of a registration.
    private const uint AsksErrors = 1;
    private const uint NumberClosed = 2;
    private const uint Noisy = 4;

    // Socket.Select takes lists of 65,536 and not more; the waker is in one of them.
    private const int MostSockets = 65_535;

    private const int SliceMilliseconds = 100;
    private const int ShortSliceMilliseconds = 5;
    private const int LongestMilliseconds = int.MaxValue / 1000;

    private readonly SelectWaker _waker = new();
    private readonly Dictionary<Socket, int> _slotOf = [];
    private readonly List<Socket> _read = [];
    private readonly List<Socket> _write = [];
    private readonly List<Socket> _error = [];
    private readonly List<Socket> _noisyRead = [];
    private readonly List<Socket> _noisyWrite = [];

    // Odd while a select is in flight. Becomes odd with the gate held, even with this object locked.
    private readonly object _landed = new();
    private long _flight;

    // By slot: the object to ask through, and what the last select found.
    private Socket?[] _sockets = [];
    private Readiness[] _found = [];
    private int _foundCount;
    private int _next;
    private int _entries;
    private int _entriesRefused = int.MaxValue;
    private bool _wakeRequested;

    /// <summary>Connects a loopback pair for wake-ups.</summary>
    /// <exception cref="IOException">The process or the system has no descriptor or port left.</exception>
    public SelectPoller()
    {
    }

    /// <inheritdoc/>
    public override string Name => SelectBackend.BackendName;

    /// <inheritdoc/>
    public override PollerFeatures Features => PollerFeatures.None;

    /// <summary>Calls of select begun since the poller was created: a Wait makes one per slice of its time.</summary>
    internal long Selects => (Volatile.Read(ref _flight) + 1) / 2;

    /// <summary>Whether a select is in flight.</summary>
    internal bool InFlight => (Volatile.Read(ref _flight) & 1) != 0;

    /// <inheritdoc/>
    public override string Explain(PollerError error) => error switch
    {
        PollerError.NotSupported =>
            "select waits on sockets only, and level-triggered or one-shot only; pipes, terminals and other descriptors, Edge "
            + "and Exclusive need epoll or kqueue (regular files never block: read and write them directly)",
        _ => base.Explain(error),
    };

    /// <inheritdoc/>
    protected override PollerError AddCore(int slot, ref Registration registration)
    {
        if (_slotOf.Count >= MostSockets)
            return PollerError.OutOfResources;
        var error = Borrow(registration, out var socket, out var state);
        if (error != PollerError.None)
            return error;
        if (slot >= _sockets.Length)
        {
            Array.Resize(ref _sockets, Math.Max(16, 2 * slot));
            Array.Resize(ref _found, _sockets.Length);
        }

        registration.KernelState = state;
        _sockets[slot] = socket;
        _slotOf.Add(socket!, slot);
        return PollerError.None;
    }

    /// <inheritdoc/>
    protected override PollerError ModifyCore(int slot, ref Registration registration, Interest interest, PollMode mode)
    {
        // The lists are made anew for every select. Only a number found closed has to be looked at: it may be in use again.
        if ((registration.KernelState & NumberClosed) == 0)
            return PollerError.None;
        var error = Borrow(registration, out var socket, out var state);
        if (error != PollerError.None)
            return PollerError.BadDescriptor;
        RemoveCore(slot, ref registration);
        registration.KernelState = state;
        _sockets[slot] = socket;
        _slotOf.Add(socket!, slot);
        return PollerError.None;
    }

    /// <inheritdoc/>
    protected override void RemoveCore(int slot, ref Registration registration)
    {
        // Not disposed: it owns nothing, and a select in flight may be asking through it.
        if (_sockets[slot] is { } socket)
            _slotOf.Remove(socket);
        _sockets[slot] = null;
        if (_found[slot] == Readiness.None)
            return;
        _found[slot] = Readiness.None;
        _foundCount--;
    }

    /// <inheritdoc/>
    protected override void OnChanged(bool removed)
    {
        // A select that begins after the change has seen it.
        if (!InFlight)
            return;
        long flight;
        lock (Gate)
        {
            flight = Volatile.Read(ref _flight);
            if ((flight & 1) == 0)
                return;
            _waker.Signal();
        }

        if (!removed)
            return;

        // Until then the kernel holds on to the file: its owner's close would not reach the peer, and a number that comes
        // round again would be asked about.
        lock (_landed)
        {
            while (_flight == flight)
                Monitor.Wait(_landed);
        }
    }

    /// <inheritdoc/>
    protected override void WakeCore()
    {
        if (InFlight)
            _waker.Signal();
        else
            _wakeRequested = true;
    }

    /// <inheritdoc/>
    protected override int Collect(Span<CollectedEvent> batch, TimeSpan timeout)
    {
        var deadline = PollDeadline.After(timeout);
        while (true)
        {
            int microseconds;
            lock (Gate)
            {
                if (_wakeRequested || _foundCount > 0)
                    deadline = default;
                _wakeRequested = false;
                FillLists();
                microseconds = Microseconds(deadline.Remaining());
                Volatile.Write(ref _flight, _flight + 1);
            }

            var begun = microseconds > 0 ? Stopwatch.GetTimestamp() : 0;
            var divided = IsDivided;
            var failure = Ask(microseconds);
            if (failure is { SocketErrorCode: SocketError.Interrupted })
                return -1;
            int count;
            lock (Gate)
            {
                var woken = _read.Remove(_waker.Reader);
                if (woken)
                    _waker.Drain();
                count = TakeFound(batch);
                if (count > 0 || woken)
                    return count;
            }

            if (failure is not null || (microseconds > 0 && Stopwatch.GetElapsedTime(begun).TotalMicroseconds < microseconds))
                Recover(failure, dividedAnew: IsDivided && !divided);
            else if (microseconds == 0 || deadline.Remaining() == TimeSpan.Zero)
                return 0;
        }
    }

    /// <inheritdoc/>
    protected override void RebuildCore()
    {
        // The set is built anew for every select anyway, and closed registrations stay out of it.
    }

    /// <inheritdoc/>
    protected override void DisposeCore() => _waker.Dispose();

    private void FillLists()
    {
        _read.Clear();
        _write.Clear();
        _error.Clear();
        _noisyRead.Clear();
        _noisyWrite.Clear();
        _read.Add(_waker.Reader);
        for (var slot = 0; slot < Registrations.SlotCount; slot++)
        {
            ref var registration = ref Registrations[slot];
            if (!IsAsked(registration) || _sockets[slot] is not { } socket)
                continue;
            var noisy = (registration.KernelState & Noisy) != 0 && IsStillNoisy(ref registration, socket);
            if ((registration.Interest & Interest.Readable) != 0)
                (noisy ? _noisyRead : _read).Add(socket);
            if ((registration.Interest & Interest.Writable) != 0)
                (noisy ? _noisyWrite : _write).Add(socket);
            if ((registration.KernelState & AsksErrors) != 0)
                _error.Add(socket);
        }

        _entries = _read.Count + _write.Count + _error.Count;
    }

    private static bool IsAsked(in Registration registration) =>
        registration.Live && registration.IsReportable && !registration.IsClosed && (registration.KernelState & NumberClosed) == 0;

    /// <summary>How long one select may last: rounded up, since .NET cuts to whole milliseconds on Linux (rule 9).</summary>
    private int Microseconds(TimeSpan left)
    {
        var longest = LongestMilliseconds;
        if (_noisyRead.Count + _noisyWrite.Count > 0 || IsDivided)
            longest = ShortSliceMilliseconds;
        else if (_entries > 1)
            longest = SliceMilliseconds;
        if (left == Timeout.InfiniteTimeSpan)
            return longest < LongestMilliseconds ? longest * 1000 : -1;
        var milliseconds = (left.Ticks / TimeSpan.TicksPerMillisecond) + (left.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1);
        return (int)Math.Min(longest, milliseconds) * 1000;
    }

    /// <summary>One select over the lists, which afterwards hold what is ready: nothing after a failure.</summary>
    private SocketException? Ask(int microseconds)
    {
        try
        {
            if (AskNoisy())
                microseconds = 0;
            if (IsDivided)
                AskDivided(microseconds);
            else
                Socket.Select(_read, _write, _error, microseconds);
            return null;
        }
        catch (SocketException e)
        {
            if (e.SocketErrorCode == SocketError.InvalidArgument && !IsDivided)
                _entriesRefused = _entries;
            _read.Clear();
            _write.Clear();
            _error.Clear();
            return e;
        }
        finally
        {
            lock (_landed)
            {
                Volatile.Write(ref _flight, _flight + 1);
                Monitor.PulseAll(_landed);
            }
        }
    }

    /// <summary>Merges the lists by slot and enters as much as there is room for, going on after the slot entered last (rule 12).</summary>
    private int TakeFound(Span<CollectedEvent> batch)
    {
        foreach (var socket in _read)
            Note(socket, Readiness.Readable);
        foreach (var socket in _noisyRead)
            Note(socket, Readiness.Readable);
        foreach (var socket in _write)
            Note(socket, Readiness.Writable);
        foreach (var socket in _noisyWrite)
            Note(socket, Readiness.Writable);
        foreach (var socket in _error)
        {
            if (_slotOf.TryGetValue(socket, out var slot) && IsReadyByError(ref Registrations[slot]))
                Note(socket, Readiness.Readable | Readiness.Writable);
        }

        var count = 0;
        var slots = Registrations.SlotCount;
        var first = _next < slots ? _next : 0;
        for (var i = 0; _foundCount > 0; i++)
        {
            var slot = first + i < slots ? first + i : first + i - slots;
            if (_found[slot] == Readiness.None)
                continue;
            if (count < batch.Length)
            {
                batch[count++] = new(Registrations[slot].UserData(slot), _found[slot]);
                _next = slot + 1;
            }

            _found[slot] = Readiness.None;
            _foundCount--;
        }

        return count;
    }

    /// <summary>Adds to what is found about a slot. An object whose registration has gone since is in no slot.</summary>
    private void Note(Socket socket, Readiness readiness)
    {
        if (!_slotOf.TryGetValue(socket, out var slot))
            return;
        ref var found = ref _found[slot];
        if (found == Readiness.None)
            _foundCount++;
        found |= readiness;
    }
}
