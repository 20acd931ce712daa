using System.Runtime.InteropServices;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>Where the figures come from.</summary>
internal sealed record Machine(string System, string Processor, int Processors, string Runtime, DateTimeOffset Date)
{
    internal static Machine Current() => new(
        RuntimeInformation.OSDescription,
        ProcessorName(),
        Environment.ProcessorCount,
        RuntimeInformation.FrameworkDescription,
        TimeProvider.System.GetUtcNow());

    private static string ProcessorName()
    {
        const string CpuInfo = "/proc/cpuinfo";
        var name = File.Exists(CpuInfo)
            ? File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return name is null ? $"{RuntimeInformation.OSArchitecture}" : name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
