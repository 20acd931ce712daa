using BenchmarkDotNet.Attributes;

namespace Mux.Benchmarks;

/// <summary>Adding, modifying and removing one registration beside a thousand others.</summary>
[MemoryDiagnoser]
public class RegistrationBenchmarks : IDisposable
{
    private RegisteredSockets? _sockets;
    private BareSystemCalls? _bare;
    private IPoller? _poller;

    /// <summary>The backend, or "(bare)" for the system call alone.</summary>
    [ParamsSource(nameof(Backends))]
    public string Backend { get; set; } = "";

    /// <summary>What can run here.</summary>
    public static IEnumerable<string> Backends => WaitBenchmarks.Backends;

    /// <summary>Registers the crowd, but for the last.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _sockets = new RegisteredSockets(1_000);
        _bare = Backend == "(bare)" ? new BareSystemCalls() : null;
        _poller = _bare is null ? BenchmarkBackends.Create(Backend) : null;
        foreach (var socket in _sockets.All.SkipLast(2))
        {
            _bare?.Add(socket.Handle);
            _poller?.Add(socket, 1, Interest.Readable);
        }
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

    /// <summary>Add and Remove of a socket.</summary>
    [Benchmark]
    public void AddAndRemove()
    {
        var socket = _sockets!.All[^2];
        if (_bare is not null)
        {
            _bare.Add(socket.Handle);
            _bare.Remove(socket.Handle);
            return;
        }

        _poller!.TryAdd(socket, 1, Interest.Readable);
        _poller.TryRemove(socket);
    }

    /// <summary>Modify of a registered socket.</summary>
    [Benchmark]
    public void Modify()
    {
        var socket = _sockets!.All[0];
        if (_bare is not null)
            _bare.Modify(socket.Handle);
        else
            _poller!.TryModify(socket, 1, Interest.Readable);
    }
}
