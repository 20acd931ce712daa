using HelloHttp.Architectures;
using Mux;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>Every architecture on every backend that it can run on here: what all of them promise is tested on each.</summary>
internal static class Servers
{
    /// <summary>Stands between the name of an architecture and that of a backend.</summary>
    private const string On = " on ";

    /// <summary>Enough threads for the connections that a test has open at a time.</summary>
    private const int Threads = 8;

    private static readonly string[] LoopNames =
        [.. from a in Architecture.Names where UsesPoller(a) from b in Backends.Names select a + On + b];

    private static readonly string[] ThreadNames = [.. Architecture.Names.Where(a => !UsesPoller(a))];

    /// <summary>Those with event loops.</summary>
    public static TheoryData<string> Loops { get; } = [.. LoopNames];

    /// <summary>Those whose threads sleep in system calls.</summary>
    public static TheoryData<string> Blocking { get; } = [.. ThreadNames];

    /// <summary>Those that serve several connections at a time.</summary>
    public static TheoryData<string> Concurrent { get; } =
        [.. LoopNames, .. ThreadNames.Where(a => Architecture.Find(a)!.DefaultWorkers > 1)];

    /// <summary>All.</summary>
    public static TheoryData<string> All { get; } = [.. LoopNames, .. ThreadNames];

    /// <summary>The parts of a name; a backend alone is the default architecture on it.</summary>
    internal static (IArchitecture Architecture, string Backend, int Workers) Parse(string name)
    {
        var parts = name.Split(On);
        if (parts.Length == 2)
            return (Architecture.Find(parts[0])!, parts[1], 2);
        return Architecture.Find(name) is { } blocking
            ? (blocking, MuxOptions.Auto, blocking.DefaultWorkers > 1 ? Threads : 1)
            : (Architecture.Find(Architecture.Default)!, name, 2);
    }

    private static bool UsesPoller(string architecture) => Architecture.Find(architecture)!.UsesPoller;
}
