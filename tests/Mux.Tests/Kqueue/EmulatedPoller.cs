using System.Net;
using System.Net.Sockets;
using Mux.Kqueue;
using Mux.Kqueue.Emulation;

namespace Mux.Tests.Kqueue;

/// <summary>A poller over an emulated kernel that the test has a hand in, and a connection to watch.</summary>
internal sealed class EmulatedPoller : IDisposable
{
    internal const Interest Both = Interest.Readable | Interest.Writable;
    private readonly PollEvent[] _events = new PollEvent[8];

    internal EmulatedPoller(EmulatedSystem system = EmulatedSystem.MacOS, Hostility? hostility = null)
    {
        Kernel = new(system) { Hostility = hostility };
        Poller = new(Kernel);
        (Near, Far) = Connect();
    }

    internal EmulatedKernel Kernel { get; }

    internal KqueuePoller Poller { get; }

    internal Socket Near { get; }

    internal Socket Far { get; }

    public void Dispose()
    {
        Poller.Dispose();
        Near.Dispose();
        Far.Dispose();
    }

    /// <summary>Sends a byte to the near end and returns when it is there.</summary>
    internal void Send()
    {
        var before = Near.Available;
        Assert.Equal(1, Far.Send([1]));
        Assert.True(SpinWait.SpinUntil(() => Near.Available > before, 10_000));
    }

    /// <summary>What is ready now, without waiting.</summary>
    internal PollEvent[] Ready(int room = 8) => _events[..Poller.Wait(_events.AsSpan(0, room), TimeSpan.Zero)];

    internal static (Socket Near, Socket Far) Connect()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        return (near, listener.Accept());
    }
}

/// <summary>A fact about the emulation, which needs Linux below it.</summary>
internal sealed class EmulationFactAttribute : FactAttribute
{
    public EmulationFactAttribute()
    {
        if (!EmulatedKqueue.IsSupported)
            Skip = "the emulation is made of Linux's calls";
    }
}

/// <summary>A theory about the emulation, which needs Linux below it.</summary>
internal sealed class EmulationTheoryAttribute : TheoryAttribute
{
    public EmulationTheoryAttribute()
    {
        if (!EmulatedKqueue.IsSupported)
            Skip = "the emulation is made of Linux's calls";
    }
}
