using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>The raw figures, for other programs.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // NaN: not measured.
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The report as JSON.</summary>
    internal static string Write<T>(T report) => JsonSerializer.Serialize(report, Options);
}
