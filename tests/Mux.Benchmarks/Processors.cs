using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Mux.Benchmarks;

/// <summary>The processors this process may run on. Linux; elsewhere all there are, and no pinning.</summary>
internal static unsafe partial class Processors
{
    private const int MaskWords = 16; // cpu_set_t of sched.h: 1024 processors.

    /// <summary>Their numbers.</summary>
    internal static int[] Allowed { get; } = Find();

    /// <summary>Keeps the calling thread to one of them.</summary>
    /// <param name="processor">Its number.</param>
    [SupportedOSPlatform("linux")]
    internal static void Pin(int processor)
    {
        var mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        mask[processor / 64] = 1ul << (processor % 64);
        if (sched_setaffinity(0, MaskWords * sizeof(ulong), mask) != 0)
            throw new InvalidOperationException($"sched_setaffinity to processor {processor}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static int[] Find()
    {
        if (!OperatingSystem.IsLinux())
            return [.. Enumerable.Range(0, Environment.ProcessorCount)];
        var mask = stackalloc ulong[MaskWords];
        new Span<ulong>(mask, MaskWords).Clear();
        return sched_getaffinity(0, MaskWords * sizeof(ulong), mask) < 0
            ? []
            : [.. new Span<ulong>(mask, MaskWords).ToArray().SelectMany((word, i) =>
                Enumerable.Range(0, 64).Where(bit => (word >> bit & 1) != 0).Select(bit => (i * 64) + bit))];
    }

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setaffinity(int pid, nint size, ulong* mask);

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_getaffinity(int pid, nint size, ulong* mask);
}
