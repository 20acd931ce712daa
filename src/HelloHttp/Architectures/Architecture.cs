using HelloHttp.Architectures.Blocking;
using HelloHttp.Architectures.Eager;
using HelloHttp.Architectures.Evented;
using HelloHttp.Architectures.Prefork;
using HelloHttp.Architectures.Threadpool;

namespace HelloHttp.Architectures;

/// <summary>The architectures there are.</summary>
internal static class Architecture
{
    internal const string Default = EagerArchitecture.ArchitectureName;

    private static readonly IArchitecture[] All =
    [
        new BlockingArchitecture(),
        new PreforkArchitecture(),
        new ThreadpoolArchitecture(),
        new EventedArchitecture(),
        new EagerArchitecture(),
    ];

    internal static IEnumerable<string> Names => All.Select(a => a.Name);

    /// <summary>The architecture of that name, in any case; null if there is none.</summary>
    internal static IArchitecture? Find(string name) =>
        Array.Find(All, a => a.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}
