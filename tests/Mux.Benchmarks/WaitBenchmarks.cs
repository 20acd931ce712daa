using BenchmarkDotNet.Attributes;

namespace Mux.Benchmarks;

/// <summary>A Wait that finds one ready registration among many silent ones.</summary>
[MemoryDiagnoser]
public class WaitBenchmarks : IDisposable
{
    private readonly PollEvent[] _events = new PollEvent[16];
    private RegisteredSockets? _sockets;
    private BareSystemCalls? _bare;
    private IPoller? _poller;

    /// <summary>How many are registered.</summary>
    [Params(10, 1_000, 10_000)]
    public int Registered { get; set; }

    /// <summary>The backend, or "(bare)" for the system call alone.</summary>
    [ParamsSource(nameof(Backends))]
    public string Backend { get; set; } = "";

    /// <summary>What can run here.</summary>
    public static IEnumerable<string> Backends => [.. OperatingSystem.IsLinux() ? ["(bare)"] : Array.Empty<string>(), .. BenchmarkBackends.Available];

    /// <summary>Registers the crowd.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _sockets = new RegisteredSockets(Registered);
        if (Backend == "(bare)")
        {
            _bare = new BareSystemCalls();
            foreach (var socket in _sockets.All)
                _bare.Add(socket.Handle);
            return;
        }

        _poller = BenchmarkBackends.Create(Backend);
        foreach (var socket in _sockets.All)
            _poller.Add(socket, 1, Interest.Readable);
    }

    /// <summary>Closes everything.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _poller?.Dispose();
        _bare?.Dispose();
        _sockets?.Dispose();
    }

    /// <summary>One Wait, one event.</summary>
    [Benchmark]
    public int Wait() => _bare is null ? _poller!.Wait(_events, TimeSpan.Zero, out _) : _bare.Wait(0);
}
