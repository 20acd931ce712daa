using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mux.Backends;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Kqueue;

/// <summary>A poller over kqueue(2): macOS, FreeBSD, and libkqueue where it is named.</summary>
/// <remarks>
/// Cost: one kevent per Wait that finds a live event, one kevent per Add, Modify, Remove or Wake, beside it one fstat when
/// something that isn't known to be a socket is added; no allocation once its buffers have grown. Everything kqueue(2) can
/// watch for reading and writing can be registered, except regular files and directories.
/// </remarks>
public sealed unsafe partial class KqueuePoller : PollerBase
{
    // Darwin refuses more than 100,000,000 seconds (itimerfix); libkqueue counts milliseconds in an int. The base class asks
    // again for what is left.
    private const long LongestTimeout = 24 * 60 * 60 * TimeSpan.TicksPerSecond;

    private readonly KeventCalls _calls;
    private readonly KeventDialect _dialect;
    private KqueueHandle _kqueue;
    private int _kq;
    private bool _handedOut;
    private byte[] _buffer = [];

    /// <summary>Creates a kqueue of this system, or of the library that the environment variable MUX_KQUEUE_LIBRARY names.</summary>
    /// <exception cref="PlatformNotSupportedException">This system has no kqueue.</exception>
    /// <exception cref="IOException">The process or the system has no descriptor (EMFILE, ENFILE) or no memory left.</exception>
    public KqueuePoller()
        : this(library: null)
    {
    }

    /// <summary>Creates a kqueue of a library that offers kqueue and kevent.</summary>
    /// <param name="library">The library's name or path; null takes the environment's, or this system's own.</param>
    /// <exception cref="PlatformNotSupportedException">It cannot be loaded or has no kqueue.</exception>
    /// <exception cref="IOException">The process or the system has no descriptor (EMFILE, ENFILE) or no memory left.</exception>
    public KqueuePoller(string? library)
        : this(Find(library, out var reason)
            ?? throw new PlatformNotSupportedException($"The kqueue backend is not available because {reason}."))
    {
    }

    internal KqueuePoller(KeventCalls calls)
    {
        _calls = calls;
        _dialect = calls.Dialect;
        _kqueue = Create();
        _kq = (int)_kqueue.DangerousGetHandle();
    }

    /// <inheritdoc/>
    public override string Name => KqueueBackend.BackendName;

    /// <inheritdoc/>
    public override PollerFeatures Features => FeaturesOf(_dialect);

    internal static PollerFeatures FeaturesOf(KeventDialect? dialect) =>
        KqueueBackend.CommonFeatures | (dialect is { Nests: true } ? PollerFeatures.Nesting : PollerFeatures.None);

    /// <inheritdoc/>
    public override string Explain(PollerError error) => error switch
    {
        PollerError.NotSupported =>
            "kqueue does not wait on regular files or directories here (they never block: read and write them directly), on a "
            + "device that has no filter for it, nor exclusively (PollMode.Exclusive is epoll's)",
        PollerError.OutOfResources =>
            "the kernel's memory for filters, or a limit on open files (ulimit -n; kern.maxfiles and kern.maxfilesperproc in "
            + "sysctl), is used up; raise it or register less",
        _ => base.Explain(error),
    };

    /// <inheritdoc/>
    protected override PollerError AddCore(int slot, ref Registration registration)
    {
        // A socket that is to be watched is checked by the change itself.
        if (!registration.IsSocket || registration.Interest == Interest.None)
        {
            var kind = FileKinds.Of(registration.Descriptor);
            if (kind == FileKind.Closed)
                return PollerError.BadDescriptor;
            if (kind == FileKind.File)
                return PollerError.NotSupported;
            registration.KernelState = kind == FileKind.Pipe ? IsPipe : 0;
        }

        return Change(slot, ref registration, registration.Interest, registration.Mode);
    }

    /// <inheritdoc/>
    protected override PollerError ModifyCore(int slot, ref Registration registration, Interest interest, PollMode mode)
    {
        // With nothing to tell the kernel, it doesn't tell that a number is closed either.
        if (interest == Interest.None && registration.Interest == Interest.None
            && FileKinds.Of(registration.Descriptor) == FileKind.Closed)
        {
            return PollerError.BadDescriptor;
        }

        return Change(slot, ref registration, interest, mode);
    }

    /// <inheritdoc/>
    protected override void RemoveCore(int slot, ref Registration registration)
    {
        // Also for a closed owner: libkqueue keeps its filters. If the number is somebody else's by now, the kernel has none of
        // this poller's filters under it: it dropped them at the close, and the table knows a number once.
        var changes = new ChangeList(_calls, _kq, registration.Descriptor, stackalloc byte[ChangeList.Space]);
        if (Filter(registration.KernelState, EVFILT_READ) != 0)
            changes.Append(EVFILT_READ, EV_DELETE, 0);
        if (Filter(registration.KernelState, EVFILT_WRITE) != 0)
            changes.Append(EVFILT_WRITE, EV_DELETE, 0);
        changes.Apply();
        registration.KernelState &= IsPipe;
    }

    /// <inheritdoc/>
    protected override void WakeCore()
    {
        var change = stackalloc byte[64];
        ref var wake = ref _dialect.At(change, 0);

        // The user data anew: some systems take it from every change, this one included.
        wake = new() { Filter = _dialect.EVFILT_USER, FilterFlags = NOTE_TRIGGER, UserData = CollectedEvent.Wake };
        while (_calls.Call(_kq, change, 1, null, 0, null) == -EINTR)
        {
        }
    }

    /// <inheritdoc/>
    protected override int Collect(Span<CollectedEvent> batch, TimeSpan timeout)
    {
        if (_buffer.Length < batch.Length * _dialect.Size)
            _buffer = GC.AllocateUninitializedArray<byte>(batch.Length * _dialect.Size, pinned: true);
        if (Volatile.Read(ref _incomplete))
            timeout = Complete(timeout);

        var events = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_buffer));
        int count;
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            count = _calls.Call(_kq, null, 0, events, batch.Length, null);
        }
        else
        {
            var ticks = Math.Min(timeout.Ticks, LongestTimeout);
            var limit = new Timespec
            {
                Seconds = ticks / TimeSpan.TicksPerSecond,
                Nanoseconds = ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick,
            };
            count = _calls.Call(_kq, null, 0, events, batch.Length, &limit);
        }

        if (count < 0)
            return count == -EINTR ? -1 : throw Failure("kevent", -count);
        for (var i = 0; i < count; i++)
        {
            ref var entry = ref _dialect.At(events, i);
            batch[i] = entry.Filter == _dialect.EVFILT_USER
                ? new(CollectedEvent.Wake, Readiness.None)
                : new(entry.UserData & ~WitnessData, Translate(entry));
        }

        return count;
    }

    /// <inheritdoc/>
    protected override void RebuildCore()
    {
        // The kernels drop a filter with its descriptor, so that only libkqueue has dead ones; and that one doesn't nest.
        if (_handedOut)
            return;
        KqueueHandle fresh;
        try
        {
            fresh = Create();
        }
        catch (IOException)
        {
            // No descriptor to spare. The stale entries come back, and with them the next attempt.
            return;
        }

        for (var slot = 0; slot < Registrations.SlotCount; slot++)
            Registrations[slot].KernelState &= IsPipe;
        _kqueue.Dispose();
        _kqueue = fresh;
        _kq = (int)fresh.DangerousGetHandle();
        CompleteLocked();
    }

    /// <inheritdoc/>
    protected override void DisposeCore() => _kqueue.Dispose();

    /// <inheritdoc/>
    protected override bool TryGetDescriptorCore(out nint descriptor)
    {
        if (!_dialect.Nests)
            return base.TryGetDescriptorCore(out descriptor);
        _handedOut = true;
        descriptor = _kq;
        return true;
    }

    private KqueueHandle Create()
    {
        var kq = _calls.Create();
        if (kq < 0)
            throw Failure("kqueue", -kq);
        var kqueue = new KqueueHandle(_calls, kq);
        var changes = new ChangeList(_calls, kq, 0, stackalloc byte[ChangeList.Space]);
        changes.Append(_dialect.EVFILT_USER, EV_ADD | EV_CLEAR, CollectedEvent.Wake);
        var errno = changes.Apply();
        if (errno == 0)
            return kqueue;
        kqueue.Dispose();
        throw Failure("kevent", errno);
    }

    /// <summary>What the kernel's answer means for the next operation (rule 4), and what can be said for sure (rule 6).</summary>
    private Readiness Translate(in Kevent entry)
    {
        var readiness = entry.Filter == EVFILT_READ ? Readiness.Readable
            : entry.Filter == EVFILT_WRITE ? Readiness.Writable
            : Readiness.None;
        if ((entry.Flags & EV_EOF) == 0)
            return readiness;

        // A pipe whose other end left takes nothing more either. No hint: which of its ends this is, is not known.
        if ((entry.UserData & WitnessData) != 0)
            return Readiness.Readable | Readiness.Writable;

        if (!_dialect.KeepsErrors)
            return entry.Filter == EVFILT_READ && entry is { FilterFlags: 0, Data: > 0 } ? readiness | Readiness.ReadClosed : readiness;

        // On WRITE it may be the own shutdown: nothing follows from it for reading.
        readiness |= entry.Filter == EVFILT_READ ? Readiness.ReadClosed : Readiness.WriteClosed;
        return entry.FilterFlags == 0 ? readiness : readiness | Readiness.Error;
    }

    private static PollerError ErrorOf(int errno) => errno switch
    {
        0 => PollerError.None,
        EBADF or ENOENT => PollerError.BadDescriptor,
        EPERM or EINVAL or ENODEV => PollerError.NotSupported,
        ENOMEM or ENOSPC or EMFILE or ENFILE => PollerError.OutOfResources,
        _ => throw Failure("kevent", errno),
    };

    private static IOException Failure(string call, int errno) =>
        new($"kqueue: {call} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})"
            + (errno is EMFILE or ENFILE ? "; the limit of open descriptors (ulimit -n, kern.maxfiles) is reached" : ""));
}
