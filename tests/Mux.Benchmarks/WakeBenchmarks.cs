using BenchmarkDotNet.Attributes;

namespace Mux.Benchmarks;

/// <summary>
/// A Wake from one thread to another that waits, and back: two wake-ups and two context switches. On one processor that is what
/// the calls cost; on two, most of it is what the system takes to rouse a processor that sleeps. Unpinned, one pair of threads
/// may share a processor and the next one not, and the two cannot be compared.
/// </summary>
[MemoryDiagnoser]
public class WakeBenchmarks : IDisposable
{
    private readonly PollEvent[] _events = new PollEvent[1];
    private readonly PollEvent[] _echoEvents = new PollEvent[1];
    private Side? _here;
    private Side? _there;
    private Thread? _echo;
    private volatile bool _stop;

    /// <summary>The backend, or "(bare)" for the system calls alone.</summary>
    [ParamsSource(nameof(Backends))]
    public string Backend { get; set; } = "";

    /// <summary>What can run here.</summary>
    public static IEnumerable<string> Backends => WaitBenchmarks.Backends;

    /// <summary>Where the two threads run.</summary>
    [ParamsSource(nameof(Placements))]
    public int ProcessorsUsed { get; set; }

    /// <summary>One processor for both, and one for each if this process may use two.</summary>
    public static IEnumerable<int> Placements => Enumerable.Range(1, Math.Min(2, Processors.Allowed.Length));

    /// <summary>Starts the thread that wakes back.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _here = new Side(Backend);
        _there = new Side(Backend);
        Pin(0);
        _echo = new Thread(() =>
        {
            Pin(ProcessorsUsed - 1);
            while (!_stop)
            {
                _there.Wait(_echoEvents);
                _here.Wake();
            }
        });
        _echo.Start();
    }

    /// <summary>Stops it.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _stop = true;
        _there!.Wake();
        _echo!.Join();
        _here!.Dispose();
        _there.Dispose();
    }

    /// <summary>There and back.</summary>
    [Benchmark]
    public void RoundTrip()
    {
        _there!.Wake();
        _here!.Wait(_events);
    }

    private static void Pin(int index)
    {
        if (OperatingSystem.IsLinux())
            Processors.Pin(Processors.Allowed[index]);
    }

    private sealed class Side(string backend) : IDisposable
    {
        private readonly BareSystemCalls? _bare = backend == "(bare)" ? new() : null;
        private readonly IPoller? _poller = backend == "(bare)" ? null : BenchmarkBackends.Create(backend);

        internal void Wait(Span<PollEvent> events)
        {
            if (_bare is not null)
                _bare.Wait(-1);
            else
                _poller!.Wait(events, Timeout.InfiniteTimeSpan, out _);
        }

        internal void Wake()
        {
            _bare?.Wake();
            _poller?.Wake();
        }

        public void Dispose()
        {
            _bare?.Dispose();
            _poller?.Dispose();
        }
    }
}
