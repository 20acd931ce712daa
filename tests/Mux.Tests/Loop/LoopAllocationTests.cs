using Mux.Epoll;
using Mux.Tests.Sockets;

namespace Mux.Tests.Loop;

/// <summary>What a busy loop does all day allocates nothing: turns, dispatch, timers, posts, one-shot re-arming.</summary>
public class LoopAllocationTests
{
    [Fact]
    public void A_busy_loop_allocates_nothing()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var pair = new EagerPair(Sockets.Half.Native);
        using var loop = new EventLoop(new EpollPoller());
        var ticker = new Ticker(loop, pair.Eager);
        loop.Register(ticker, pair.Eager.Source, Interest.Readable, PollMode.OneShot);
        pair.Peer.Send("x"u8);

        loop.Run();

        Assert.Equal(0, ticker.Allocated);
        Assert.True(ticker.Again > Ticker.Warm); // A request made while one waits to be served is the same request.
        Assert.True(ticker.Posted > 2 * Ticker.Warm);
        Assert.True(ticker.Fired > 2 * Ticker.Warm);
        Assert.Equal(0, loop.Statistics.Faults);
    }

    [Fact]
    public void Posting_from_another_thread_allocates_nothing_once_the_queue_has_grown()
    {
        using var loop = new EventLoop(new ScriptedPoller());
        Action<object?> callback = static _ => { };
        loop.Start();
        var allocated = long.MaxValue;
        for (var burst = 1; burst <= 20; burst++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 200; i++)
                loop.Post(callback, loop);
            if (burst > 10)
                allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
            var expected = 200 * burst;
            Assert.True(SpinWait.SpinUntil(() => loop.Statistics.Posts == expected, Patience.Guard));
        }

        // Both of the queue's arrays have held a whole burst by then. The least, since the runtime may allocate for itself, once.
        Assert.Equal(0, allocated);
    }

    private sealed class Ticker : Watcher
    {
        internal const int Warm = 1000;

        private readonly EventLoop _loop;
        private readonly EagerSocket _socket;
        private readonly LoopTimer _soon;
        private readonly LoopTimer _idle;
        private readonly byte[] _buffer = new byte[16];
        private int _turns;
        private long _before;

        internal Ticker(EventLoop loop, EagerSocket socket)
        {
            _loop = loop;
            _socket = socket;
            _soon = new(loop, static me => ((Ticker)me!).Fired++, this);
            _idle = new(loop, static _ => { });
        }

        internal long Allocated { get; private set; } = long.MaxValue;

        internal int Again { get; private set; }

        internal int Posted { get; private set; }

        internal int Fired { get; private set; }

        protected internal override void OnReady(Readiness readiness)
        {
            if (++_turns % Warm == 0)
            {
                // The least of some stretches: the runtime may allocate for itself on this thread, but not in each of them.
                var now = GC.GetAllocatedBytesForCurrentThread();
                if (_turns > Warm)
                    Allocated = Math.Min(Allocated, now - _before);
                _before = now;
            }

            if (_turns == 4 * Warm)
            {
                _loop.Stop();
                return;
            }

            // The byte stays unread: the one-shot registration is ready again each time it is armed.
            _socket.TryReceive(_buffer.AsSpan(0, 0));
            _loop.TryModify(this, Interest.Readable, PollMode.OneShot);
            _idle.Arm(TimeSpan.FromSeconds(75));
            _soon.Cancel();
            _soon.Arm(TimeSpan.Zero);
            _loop.Post(static me => ((Ticker)me!).Posted++, this);
            _loop.RunAgain(this);
        }

        protected internal override void OnRunAgain()
        {
            Again++;
            _ = _loop.Clock.UtcSecond;
        }
    }
}
