using System.Text;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>Markdown tables for people at a terminal.</summary>
internal static class TextTable
{
    /// <summary>Pads the cells of a Markdown table so that its columns stand under each other; the first to the left, figures to the right.</summary>
    internal static string Align(string markdown)
    {
        var rows = markdown.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(line => !line.StartsWith("| ---", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray())
            .ToArray();
        var widths = Enumerable.Range(0, rows[0].Length)
            .Select(column => rows.Max(row => column == 0 || row.Count(cell => cell.Length > 0) > 2 ? row.ElementAtOrDefault(column)?.Length ?? 0 : 0))
            .ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var line = string.Join("  ", row.Select((cell, column) =>
                column == 0 ? cell.PadRight(widths[0]) : cell.PadLeft(widths[column])));
            text.AppendLine(line.TrimEnd());
        }

        return text.ToString();
    }
}
