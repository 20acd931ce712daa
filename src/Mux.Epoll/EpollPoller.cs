using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Mux.Backends;
using static Mux.Epoll.EpollNative;

namespace Mux.Epoll;

/// <summary>A poller over epoll(7). Linux only.</summary>
/// <remarks>
/// Cost: one epoll_pwait2 per Wait that finds a live event, one epoll_ctl per Add, Modify or Remove, one write per Wake; no
/// allocation once its buffers have grown. Everything epoll(7) can watch can be registered; regular files and directories
/// cannot (EPERM). Where the system lacks epoll_pwait2, timeouts are rounded up to milliseconds.
/// </remarks>
public sealed unsafe partial class EpollPoller : PollerBase
{
    // KernelState of a registration.
    private const uint InSet = 1;
    private const uint NotASocket = 2;

    // Beside the slot in the kernel's user data, so that Collect can tell a pipe's HUP from a socket's without the table.
    private const ulong NotASocketData = 1ul << 31;
    private const ulong Marks = NotASocketData | NoisyData;

    // In a 32-bit process the name stands for the call with a 32-bit time, which this struct is not.
    private static readonly bool Pwait2 = OperatingSystem.IsLinux() && Environment.Is64BitProcess && HasPwait2();

    private readonly bool _nanoseconds;
    private readonly SafeFileHandle _wake;
    private readonly int _wakeFd;
    private SafeFileHandle _epoll;
    private SafeFileHandle? _handedOut;
    private int _epollFd;
    private byte[] _buffer = [];

    /// <summary>Creates an epoll instance and an eventfd.</summary>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    /// <exception cref="IOException">The process or the system has no descriptor (EMFILE, ENFILE) or no memory left.</exception>
    public EpollPoller()
        : this(Pwait2)
    {
    }

    /// <summary>As the public constructor, with epoll_pwait in place of epoll_pwait2 if so told.</summary>
    internal EpollPoller(bool nanoseconds)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("The epoll backend needs Linux; kqueue or select serve elsewhere.");
        _nanoseconds = nanoseconds && Pwait2;
        _wake = Own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
        _wakeFd = (int)_wake.DangerousGetHandle();
        try
        {
            _epoll = Create();
        }
        catch
        {
            _wake.Dispose();
            throw;
        }

        _epollFd = (int)_epoll.DangerousGetHandle();
    }

    /// <inheritdoc/>
    public override string Name => EpollBackend.BackendName;

    /// <inheritdoc/>
    public override PollerFeatures Features => _nanoseconds
        ? EpollBackend.CommonFeatures | PollerFeatures.SubMillisecondTimeout
        : EpollBackend.CommonFeatures;

    internal static PollerFeatures SystemFeatures =>
        Pwait2 ? EpollBackend.CommonFeatures | PollerFeatures.SubMillisecondTimeout : EpollBackend.CommonFeatures;

    /// <inheritdoc/>
    public override string Explain(PollerError error) => error switch
    {
        PollerError.NotSupported =>
            "epoll cannot wait on regular files or directories (they never block: read and write them directly), on a nest "
            + "of pollers deeper than five, nor combine Exclusive with OneShot",
        PollerError.OutOfResources =>
            "the limit fs.epoll.max_user_watches (/proc/sys/fs/epoll) or the kernel's memory is used up; raise it or register less",
        _ => base.Explain(error),
    };

    /// <inheritdoc/>
    protected override PollerError AddCore(int slot, ref Registration registration)
    {
        if (!registration.IsSocket && !IsSocket((int)registration.Descriptor))
            registration.KernelState = NotASocket;
        return Enter(_epollFd, slot, ref registration, Mask(registration.Interest, registration.Mode));
    }

    /// <inheritdoc/>
    protected override PollerError ModifyCore(int slot, ref Registration registration, Interest interest, PollMode mode)
    {
        var fd = (int)registration.Descriptor;
        var mask = MaskOf(registration, interest, mode);
        var former = MaskOf(registration, registration.Interest, registration.Mode);
        if ((registration.KernelState & InSet) == 0)
            return Enter(_epollFd, slot, ref registration, mask);
        if (((mask | former) & EPOLLEXCLUSIVE) == 0)
            return ErrorOf(Control(_epollFd, EPOLL_CTL_MOD, fd, mask, Data(slot, registration)));

        // EPOLLEXCLUSIVE can neither be set nor left by EPOLL_CTL_MOD (epoll_ctl(2)).
        var errno = Control(_epollFd, EPOLL_CTL_DEL, fd, 0, 0);
        if (errno != 0)
            return ErrorOf(errno);
        registration.KernelState &= ~InSet;
        var error = Enter(_epollFd, slot, ref registration, mask);
        if (error != PollerError.None)
            Enter(_epollFd, slot, ref registration, registration.Armed ? former : EPOLLONESHOT);
        return error;
    }

    /// <inheritdoc/>
    protected override void RemoveCore(int slot, ref Registration registration)
    {
        // A closed owner's number may be somebody else's. The kernel's entry went with the file, or lives on in a duplicate,
        // where this number cannot reach it: RebuildCore does.
        if ((registration.KernelState & InSet) != 0 && !registration.IsClosed)
            Control(_epollFd, EPOLL_CTL_DEL, (int)registration.Descriptor, 0, 0);
        registration.KernelState &= ~InSet;
    }

    /// <inheritdoc/>
    protected override void WakeCore()
    {
        // Each write to an edge-triggered eventfd is a new edge, so it is never read; 2^64 - 2 of them fit.
        ulong one = 1;
        write(_wakeFd, &one, sizeof(ulong));
    }

    /// <inheritdoc/>
    protected override bool WakeNeedsGate => false;

    /// <inheritdoc/>
    protected override int Collect(Span<CollectedEvent> batch, TimeSpan timeout)
    {
        if (_reported.Count > 0)
            AskNoisyAgain();
        if (_buffer.Length < batch.Length * EventSize)
            _buffer = GC.AllocateUninitializedArray<byte>(batch.Length * EventSize, pinned: true);
        var events = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_buffer));
        var count = _nanoseconds ? Wait2(events, batch.Length, timeout) : Wait1(events, batch.Length, timeout);
        if (count < 0)
        {
            var errno = Marshal.GetLastSystemError();
            if (errno == EINTR)
                return -1;
            throw Failure("epoll_pwait", errno);
        }

        for (var i = 0; i < count; i++)
        {
            var data = Unsafe.ReadUnaligned<ulong>(events + DataOffset);
            var mask = Unsafe.ReadUnaligned<uint>(events);
            events += EventSize;
            if (data == CollectedEvent.Wake)
                batch[i] = new(data, Readiness.None);
            else if ((data & NoisyData) != 0 || ((mask & (EPOLLERR | EPOLLHUP)) == EPOLLERR && (data & NotASocketData) == 0))
                batch[i] = new(data & ~Marks, TranslateNoisy(mask, data));
            else
                batch[i] = new(data & ~Marks, Translate(mask, (data & NotASocketData) != 0));
        }

        return count;
    }

    /// <inheritdoc/>
    protected override void RebuildCore()
    {
        SafeFileHandle fresh;
        try
        {
            fresh = Create();
        }
        catch (IOException)
        {
            // No descriptor to spare. The stale entries come back, and with them the next attempt.
            return;
        }

        var fd = (int)fresh.DangerousGetHandle();
        for (var slot = 0; slot < Registrations.SlotCount; slot++)
        {
            ref var registration = ref Registrations[slot];
            if (!registration.Live || registration.IsClosed)
                continue;
            var mask = registration.Armed ? MaskOf(registration, registration.Interest, registration.Mode) : EPOLLONESHOT;
            registration.KernelState &= ~InSet;
            if (Enter(fd, slot, ref registration, mask) == PollerError.OutOfResources)
            {
                // All or nothing: go on with the old set, which still holds every registration.
                for (var undo = 0; undo < Registrations.SlotCount; undo++)
                {
                    if (Registrations[undo].Live)
                        Registrations[undo].KernelState |= InSet;
                }

                fresh.Dispose();
                return;
            }
        }

        if (_handedOut is { } outer)
        {
            var outerFd = (int)outer.DangerousGetHandle();
            Control(outerFd, EPOLL_CTL_ADD, fd, EPOLLIN, 0);
            Control(outerFd, EPOLL_CTL_DEL, _epollFd, 0, 0);
        }

        _epoll.Dispose();
        _epoll = fresh;
        _epollFd = fd;
    }

    /// <inheritdoc/>
    protected override void DisposeCore()
    {
        _handedOut?.Dispose();
        _epoll.Dispose();
        _wake.Dispose();
    }

    /// <inheritdoc/>
    protected override bool TryGetDescriptorCore(out nint descriptor)
    {
        // Not the set itself but one around it: the set can then be built anew without the holder of this number noticing.
        if (_handedOut is null)
        {
            var outer = Own(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
            var errno = Control((int)outer.DangerousGetHandle(), EPOLL_CTL_ADD, _epollFd, EPOLLIN, 0);
            if (errno != 0)
            {
                outer.Dispose();
                throw Failure("epoll_ctl", errno);
            }

            _handedOut = outer;
        }

        descriptor = _handedOut.DangerousGetHandle();
        return true;
    }

    private SafeFileHandle Create()
    {
        var epoll = Own(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
        var errno = Control((int)epoll.DangerousGetHandle(), EPOLL_CTL_ADD, _wakeFd, EPOLLIN | EPOLLET, CollectedEvent.Wake);
        if (errno == 0)
            return epoll;
        epoll.Dispose();
        throw Failure("epoll_ctl", errno);
    }

    /// <summary>Puts a registration into a set.</summary>
    private static PollerError Enter(int epfd, int slot, ref Registration registration, uint mask)
    {
        var fd = (int)registration.Descriptor;
        var data = Data(slot, registration);
        var errno = Control(epfd, EPOLL_CTL_ADD, fd, mask, data);

        // The table does not know this number but the set does: an entry whose descriptor was closed while a duplicate lived,
        // brought back under the same number (dup2). It becomes this registration's.
        if (errno == EEXIST)
        {
            errno = (mask & EPOLLEXCLUSIVE) == 0
                ? Control(epfd, EPOLL_CTL_MOD, fd, mask, data)
                : Control(epfd, EPOLL_CTL_DEL, fd, 0, 0) is var e && e != 0 ? e : Control(epfd, EPOLL_CTL_ADD, fd, mask, data);
        }

        if (errno == 0)
            registration.KernelState |= InSet;
        return ErrorOf(errno);
    }

    private static ulong Data(int slot, in Registration registration) =>
        registration.UserData(slot) | ((registration.KernelState & NotASocket) != 0 ? NotASocketData : 0)
        | ((registration.KernelState & Noisy) != 0 ? NoisyData : 0);

    private int Wait2(byte* events, int room, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
            return epoll_pwait2(_epollFd, events, room, null, null);
        var spec = new TimeSpec
        {
            Seconds = timeout.Ticks / TimeSpan.TicksPerSecond,
            Nanoseconds = timeout.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick,
        };
        return epoll_pwait2(_epollFd, events, room, &spec, null);
    }

    private int Wait1(byte* events, int room, TimeSpan timeout)
    {
        // Rounded up, and cut to what fits: the base class asks again for what is left.
        var milliseconds = timeout == Timeout.InfiniteTimeSpan
            ? -1
            : (int)Math.Min(int.MaxValue, (timeout.Ticks / TimeSpan.TicksPerMillisecond)
                + (timeout.Ticks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1));
        return epoll_pwait(_epollFd, events, room, milliseconds, null);
    }

    private static bool IsSocket(int fd)
    {
        int type;
        uint length = sizeof(int);
        return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
    }

    private static PollerError ErrorOf(int errno) => errno switch
    {
        0 => PollerError.None,
        EBADF or ENOENT => PollerError.BadDescriptor,
        EPERM or EINVAL or ELOOP => PollerError.NotSupported,
        ENOMEM or ENOSPC => PollerError.OutOfResources,
        _ => throw Failure("epoll_ctl", errno),
    };

    private static SafeFileHandle Own(int fd, string call) =>
        fd >= 0 ? new(fd, ownsHandle: true) : throw Failure(call, Marshal.GetLastSystemError());

    private static IOException Failure(string call, int errno) =>
        new($"epoll: {call} failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})"
            + (errno is EMFILE or ENFILE ? "; the limit of open descriptors (ulimit -n, fs.file-max) is reached" : ""));
}
