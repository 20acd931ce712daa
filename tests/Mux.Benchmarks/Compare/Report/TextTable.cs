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
            .Select(column => rows.Max(row => row.Count(cell => cell.Length > 0) > 2 ? row.ElementAtOrDefault(column)?.Length ?? 0 : 0))
            .ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Length; column++)
                text.Append(column == 0 ? row[0].PadRight(widths[0]) : $"  {row[column].PadLeft(widths[column])}");
            text.AppendLine();
        }

        return text.ToString();
    }
}
