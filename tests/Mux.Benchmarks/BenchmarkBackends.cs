using Mux.Epoll;
using Mux.Kqueue;
using Mux.Select;

namespace Mux.Benchmarks;

/// <summary>The backends that this machine can run; kqueue on Linux needs MUX_KQUEUE_LIBRARY to name a libkqueue.</summary>
internal static class BenchmarkBackends
{
    private static readonly IPollerBackend[] All = [new EpollBackend(), new KqueueBackend(), new SelectBackend()];

    internal static IEnumerable<string> Available => All.Where(b => b.UnavailableReason is null).Select(b => b.Name);

    internal static IPoller Create(string name) => All.Single(b => b.Name == name).CreatePoller();
}
