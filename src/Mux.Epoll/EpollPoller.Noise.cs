using Mux.Backends;
using static Mux.Epoll.EpollNative;

namespace Mux.Epoll;

// Connected sockets whose EPOLLERR means no more than "there is a note in the error queue".
//
// MSG_ZEROCOPY completions and transmit timestamps (MSG_ERRQUEUE, recvmsg(2)) make tcp_poll answer EPOLLERR until somebody
// reads the queue, although neither receive nor send has anything to say. Reported as it comes it would be a false claim for
// ever; dropped as it comes, a spin inside Wait (rule 5; seen on Linux 6.18). Such a socket is reported once, since the note
// may be what its owner waits for, and from then on watched edge-triggered: the note is silent until something new happens.
// Level triggering is then made here: whoever was reported is asked again before the next wait. A datagram socket's EPOLLERR
// without HUP, in contrast, is the pending error itself and goes on being reported.
public sealed unsafe partial class EpollPoller
{
    // KernelState: a note was reported once; and the user data mark of such a registration.
    private const uint Noisy = 4;
    private const ulong NoisyData = 1ul << 30;

    /// <summary>Noisy registrations of the last batch, by user data. Only the waiting thread touches it.</summary>
    private readonly List<ulong> _reported = [];

    private Readiness TranslateNoisy(uint mask, ulong data)
    {
        var isNote = (mask & (EPOLLERR | EPOLLHUP)) == EPOLLERR;
        if ((data & NoisyData) == 0)
        {
            BecomeNoisy(data);
            return Translate(mask, notASocket: false);
        }

        var readiness = Translate(isNote ? mask & ~EPOLLERR : mask, notASocket: false);

        // Asking again for a mere note would find the note again.
        if (readiness != Readiness.None)
            _reported.Add(data & ~Marks);
        return readiness;
    }

    private void BecomeNoisy(ulong data)
    {
        lock (Gate)
        {
            if (!Registrations.TryFindLive(data & ~Marks, out var slot))
                return;
            ref var registration = ref Registrations[slot];
            int type;
            uint length = sizeof(int);
            if (getsockopt((int)registration.Descriptor, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type == SOCK_DGRAM)
                return;
            registration.KernelState |= Noisy;
            _reported.Add(data & ~Marks);
        }
    }

    /// <summary>EPOLL_CTL_MOD makes the kernel look afresh: what still holds comes in the next batch.</summary>
    private void AskNoisyAgain()
    {
        lock (Gate)
        {
            foreach (var data in _reported)
            {
                if (!Registrations.TryFindLive(data, out var slot))
                    continue;
                ref var registration = ref Registrations[slot];
                if (registration.Armed && (registration.Mode & PollMode.Edge) == 0 && (registration.KernelState & InSet) != 0)
                {
                    var mask = MaskOf(registration, registration.Interest, registration.Mode);
                    Control(_epollFd, EPOLL_CTL_MOD, (int)registration.Descriptor, mask, Data(slot, registration));
                }
            }
        }

        _reported.Clear();
    }

    private static uint MaskOf(in Registration registration, Interest interest, PollMode mode)
    {
        var mask = Mask(interest, mode);
        return (registration.KernelState & Noisy) != 0 && interest != Interest.None ? (mask & ~EPOLLONESHOT) | EPOLLET : mask;
    }
}
