using Mux.Backends;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Kqueue;

// A registration is up to two filters, one for each direction, of which KernelState remembers what the kernel has.
public sealed unsafe partial class KqueuePoller
{
    // KernelState of a registration: a byte each for its READ and WRITE filter, 0 if there is none, otherwise EV_ADD with
    // EV_CLEAR, EV_DISPATCH and EV_DISABLE as they were told to the kernel; and what is known of the descriptor.
    private const int WriteShift = 8;
    private const uint IsPipe = 1 << 16;
    private const uint IsBroken = 1 << 17;

    // Beside the slot in the user data of a pipe's READ filter, if Writable is asked for: its EOF answers for both directions.
    private const ulong WitnessData = 1ul << 31;

    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(10);

    // Set while a filter is missing that could be neither kept nor brought back for want of memory. Collect tries again.
    private bool _incomplete;

    /// <summary>Makes the filters those that an interest and a mode need, armed; or leaves everything as it was.</summary>
    private PollerError Change(int slot, ref Registration registration, Interest interest, PollMode mode)
    {
        var former = registration.KernelState;
        var errno = Apply(slot, ref registration, interest, mode, out var broken);
        if (errno == 0 && broken && (registration.KernelState & IsBroken) == 0)
        {
            registration.KernelState |= IsBroken;
            errno = Apply(slot, ref registration, interest, mode, out _);
        }

        if (errno == 0)
            return PollerError.None;
        Restore(slot, ref registration, former, EVFILT_READ);
        Restore(slot, ref registration, former, EVFILT_WRITE);
        return ErrorOf(errno);
    }

    private int Apply(int slot, ref Registration registration, Interest interest, PollMode mode, out bool broken)
    {
        var changes = new ChangeList(_calls, _kq, registration.Descriptor, stackalloc byte[ChangeList.Space]);
        var state = registration.KernelState;
        var data = registration.UserData(slot);
        var readData = Witnesses(state, interest) ? data | WitnessData : data;
        var (read, toRead) = (Filter(state, EVFILT_READ), Wanted(EVFILT_READ, state, interest, mode));
        var (write, toWrite) = (Filter(state, EVFILT_WRITE), Wanted(EVFILT_WRITE, state, interest, mode));

        // What goes, goes first: libkqueue forgets EV_CLEAR of one filter when the other goes, and hears of it again by EV_ADD.
        Withdraw(ref changes, EVFILT_READ, read, toRead, readData);
        Withdraw(ref changes, EVFILT_WRITE, write, toWrite, data);
        read = Enter(ref changes, EVFILT_READ, read, toRead, readData);
        write = Enter(ref changes, EVFILT_WRITE, write, toWrite, data);
        var errno = changes.Apply();
        broken = changes.MetBrokenPipe;
        registration.KernelState = (state & (IsPipe | IsBroken)) | read | (write << WriteShift);
        return errno;
    }

    /// <summary>Appends what has to go before a filter can become what is wanted.</summary>
    private void Withdraw(ref ChangeList changes, short filter, uint present, uint wanted, ulong data)
    {
        // One that isn't wanted is kept, disabled: to ask for it again then costs no memory and cannot fail.
        if (wanted == 0 && present != 0 && (present & EV_DISABLE) == 0)
            changes.Append(filter, EV_DISABLE, data);

        // How a filter reports is settled when it is created.
        if (wanted != 0 && present != 0 && !(_dialect.AddEnables && ((present ^ wanted) & ~(uint)EV_DISABLE) == 0))
            changes.Append(filter, EV_DELETE, data);
    }

    /// <summary>Appends what makes a filter what is wanted, and returns the state that the kernel then has.</summary>
    private static uint Enter(ref ChangeList changes, short filter, uint present, uint wanted, ulong data)
    {
        if (wanted == 0)
            return present == 0 ? 0 : present | EV_DISABLE;

        // Also one that is there and stays: it may be spent (EV_DISPATCH), an undrained edge has to report again, and a number
        // that changed hands behind our back has lost its filters.
        changes.Append(filter, (ushort)((wanted & EV_DISABLE) != 0 ? wanted : wanted | EV_ENABLE), data);
        return wanted;
    }

    /// <summary>Brings a filter back to what it was before a change that failed.</summary>
    private void Restore(int slot, ref Registration registration, uint former, short filter)
    {
        var shift = filter == EVFILT_READ ? 0 : WriteShift;
        var was = Filter(former, filter);
        var isNow = Filter(registration.KernelState, filter);
        registration.KernelState = (registration.KernelState & ~(0xFFu << shift)) | (was << shift);
        if (was == isNow && (was == 0 || (was & EV_DISABLE) != 0))
            return;

        var changes = new ChangeList(_calls, _kq, registration.Descriptor, stackalloc byte[ChangeList.Space]);
        var data = registration.UserData(slot);
        if (filter == EVFILT_READ && Witnesses(former, registration.Interest))
            data |= WitnessData;
        if (was == 0)
        {
            changes.Append(filter, EV_DELETE, data);
        }
        else
        {
            var wanted = registration.Armed ? was : was | EV_DISABLE;
            Withdraw(ref changes, filter, isNow, wanted, data);
            Enter(ref changes, filter, isNow, wanted, data);
        }

        if (changes.Apply() is not (ENOMEM or ENOSPC))
            return;

        // Deleted on the way to another mode, and no memory to have it back.
        registration.KernelState &= ~(0xFFu << shift);
        Volatile.Write(ref _incomplete, true);
    }

    /// <summary>The state of a filter that an interest and a mode need; 0 if they don't need it.</summary>
    private uint Wanted(short filter, uint state, Interest interest, PollMode mode)
    {
        var flags = EV_ADD
            | ((mode & PollMode.Edge) != 0 ? (uint)EV_CLEAR : 0)
            | ((mode & PollMode.OneShot) != 0 ? (uint)EV_DISPATCH : 0);
        if ((interest & (filter == EVFILT_READ ? Interest.Readable : Interest.Writable)) != 0)
            return flags;

        // That a pipe's reader left is told by READ: alone on NetBSD, and everywhere if it left before WRITE was asked for
        // (EPIPE). Until then READ is a mere witness, and with EV_CLEAR, lest data that nobody asked for make Wait spin.
        if (filter == EVFILT_READ && Witnesses(state, interest))
            return (state & IsBroken) != 0 ? flags : EV_ADD | EV_CLEAR;
        return 0;
    }

    private bool Witnesses(uint state, Interest interest) =>
        (state & IsPipe) != 0 && (interest & Interest.Writable) != 0 && _dialect.SeparatesFilters;

    /// <summary>Adds what is missing, and returns how long to wait before the next attempt, if one is needed.</summary>
    private TimeSpan Complete(TimeSpan timeout)
    {
        lock (Gate)
            CompleteLocked();
        return Volatile.Read(ref _incomplete) && (timeout > RetryInterval || timeout == Timeout.InfiniteTimeSpan)
            ? RetryInterval
            : timeout;
    }

    private void CompleteLocked()
    {
        Volatile.Write(ref _incomplete, false);
        for (var slot = 0; slot < Registrations.SlotCount; slot++)
        {
            ref var registration = ref Registrations[slot];
            if (!registration.Live || registration.IsClosed || !registration.IsReportable || !Lacks(registration))
                continue;
            if (Apply(slot, ref registration, registration.Interest, registration.Mode, out _) is not (ENOMEM or ENOSPC))
                continue;

            // Some may have been taken: deleted, so that what is noted and what is there agree until the next attempt.
            RemoveCore(slot, ref registration);
            Volatile.Write(ref _incomplete, true);
        }
    }

    private bool Lacks(in Registration registration)
    {
        var state = registration.KernelState;
        return (Filter(state, EVFILT_READ) == 0 && Wanted(EVFILT_READ, state, registration.Interest, registration.Mode) != 0)
            || (Filter(state, EVFILT_WRITE) == 0 && Wanted(EVFILT_WRITE, state, registration.Interest, registration.Mode) != 0);
    }

    private static uint Filter(uint state, short filter) => filter == EVFILT_READ ? state & 0xFF : (state >> WriteShift) & 0xFF;
}
