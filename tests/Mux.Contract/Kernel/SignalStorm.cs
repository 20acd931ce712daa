using System.Runtime.InteropServices;
using Mux.Contract.Sequences;

namespace Mux.Contract.Kernel;

/// <summary>
/// Signals sent to a waiting thread one after the other for as long as it waits, so that its system calls end with EINTR.
/// SIGWINCH: harmless, and handled by the runtime once somebody asks for it, without which it would interrupt nothing.
/// </summary>
internal sealed class SignalStorm : IDisposable
{
    private readonly PosixSignalRegistration _handler =
        PosixSignalRegistration.Create((PosixSignal)Posix.SigWinch, _ => { });

    // Where the runtime takes its own wait up again with the whole time, a storm without end is a Wait without end (rule 9).
    private const int Most = 200;

    /// <summary>Sends until the Wait is over, or has had enough.</summary>
    /// <param name="wait">The Wait.</param>
    /// <param name="poller">Its poller; the next signal is sent when it has noticed the last one.</param>
    /// <returns>How many signals were sent.</returns>
    internal static int Blow(BlockedWait wait, IPoller poller)
    {
        using var storm = new SignalStorm();
        var sent = 0;
        while (sent < Most && wait.UntilBlocked())
        {
            var before = poller.Statistics.Interrupted;
            if (wait.IsOver || Posix.PthreadKill(wait.PthreadId, Posix.SigWinch) != 0)
                break;
            sent++;

            // A backend that the runtime shields from signals never counts one: look a while and go on.
            for (var look = 0; look < 1000 && poller.Statistics.Interrupted == before && !wait.IsOver; look++)
                Thread.Yield();
        }

        return sent;
    }

    public void Dispose() => _handler.Dispose();
}
