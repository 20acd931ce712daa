using System.Globalization;
using System.Text.RegularExpressions;
using ScottPlot;
using SkiaSharp;

namespace Mux.Benchmarks.Compare.Report;

/// <summary>The charts: horizontal bars, one server a line in the order of the table, the figure beside each bar.</summary>
internal static partial class Charts
{
    private const int Width = 900;

    // Told apart also by those who see few colours (Okabe and Ito); a server keeps its colour in all charts.
    private static readonly string[] Palette = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#F0E442"];

    private static readonly string[] SansSerif = ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Segoe UI"];

    private static readonly string? Font = SansSerif.FirstOrDefault(SKFontManager.Default.FontFamilies.Contains);

    private static readonly (string Name, string Title, string Color)[] Calls =
    [
        ("accept", "accept", "#0072B2"),
        ("recv", "recv", "#56B4E9"),
        ("send", "send", "#009E73"),
        ("close", "close", "#999999"),
        ("wait", "wait in the poller", "#D55E00"),
        ("change", "change of interest", "#E69F00"),
        ("other", "getsockopt, shutdown", "#CC79A7"),
        ("wake", "wake", "#F0E442"),
    ];

    /// <summary>Writes the charts of one load, each as SVG and PNG.</summary>
    /// <param name="load">The figures.</param>
    /// <param name="depth">Requests sent at once, if pipelined.</param>
    /// <param name="folder">Where to.</param>
    /// <returns>Title and SVG file name of each.</returns>
    internal static IReadOnlyList<(string Title, string File)> Write(LoadReport load, int depth, string folder)
    {
        var measured = load.Results.Where(r => r.IsMeasured).ToArray();
        if (measured.Length == 0)
            return [];
        var what = MarkdownReport.TitleOf(load.Load, depth);
        var prefix = $"{load.Load}".ToLowerInvariant();
        var written = new List<(string, string)>
        {
            Bars($"{what}: requests per second (more is better)", "requests per second", $"{prefix}-throughput",
                measured, r => r.RequestsPerSecond, "N0", folder),
        };
        var timed = measured.Where(r => !double.IsNaN(r.ProcessorMicrosecondsPerRequest)).ToArray();
        if (timed.Length > 0)
        {
            written.Add(Bars($"{what}: server CPU time per request (less is better)", "microseconds", $"{prefix}-cpu",
                timed, r => r.ProcessorMicrosecondsPerRequest, "0.0", folder));
        }

        var counted = measured.Where(r => r.HasCalls).ToArray();
        if (counted.Length > 0)
            written.Add(CallBars($"{what}: system calls per request (fewer is better)", $"{prefix}-calls", counted, folder));
        return written;
    }

    /// <summary>One bar a line.</summary>
    internal static (string Title, string File) Bars<T>(
        string title, string unit, string name, IReadOnlyList<T> rows, Func<T, double> value, string format, string folder)
        where T : ILabelled
    {
        var plot = New(title, unit, [.. rows.Select(r => r.Label)]);
        var most = rows.Max(value);
        for (var i = 0; i < rows.Count; i++)
        {
            plot.Add.Bar(new Bar
            {
                Position = -i,
                Value = value(rows[i]),
                Orientation = Orientation.Horizontal,
                FillColor = ColorOf(rows[i].Group, rows),
                LineWidth = 0,
                Size = 0.7,
            });
            Label(plot, value(rows[i]), -i, most, value(rows[i]).ToString(format, CultureInfo.InvariantCulture));
        }

        return Save(plot, title, name, rows.Count, most, legend: false, folder);
    }

    private static (string Title, string File) CallBars(string title, string name, VariantResult[] rows, string folder)
    {
        var plot = New(title, "system calls per request", [.. rows.Select(r => r.Label)]);
        var most = rows.Max(r => r.CallsPerRequest!.Value);
        var shown = Calls.Where(c => rows.Any(r => PerRequest(r, c.Name) >= 0.005 * most)).ToArray();
        for (var i = 0; i < rows.Length; i++)
        {
            double from = 0;
            foreach (var call in shown)
            {
                var count = PerRequest(rows[i], call.Name);
                plot.Add.Bar(new Bar
                {
                    Position = -i,
                    ValueBase = from,
                    Value = from + count,
                    Orientation = Orientation.Horizontal,
                    FillColor = Color.FromHex(call.Color),
                    LineWidth = 0,
                    Size = 0.7,
                });
                from += count;
            }

            Label(plot, from, -i, most, rows[i].CallsPerRequest!.Value.ToString("0.00", CultureInfo.InvariantCulture) + (rows[i].HandsOver ? " + hand-over" : ""));
        }

        foreach (var call in shown)
            plot.Legend.ManualItems.Add(new LegendItem { LabelText = call.Title, FillColor = Color.FromHex(call.Color), LineWidth = 0 });
        plot.ShowLegend(Edge.Bottom);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontSize = 12;
        return Save(plot, title, name, rows.Length, most, legend: true, folder);
    }

    private static double PerRequest(VariantResult result, string call) => result.Counters!.Calls[call] / (double)result.Counters.Requests;

    private static Plot New(string title, string unit, string[] labels)
    {
        var plot = new Plot();
        if (Font is not null)
            plot.Font.Set(Font);
        plot.Title(title, 17);
        plot.XLabel(unit, 13);
        plot.Axes.Left.SetTicks([.. labels.Select((_, i) => -(double)i)], labels);
        plot.Axes.Left.TickLabelStyle.FontSize = 13;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Bottom.TickLabelStyle.FontSize = 12;
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            TargetTickCount = 8,
            MinorTickGenerator = new ScottPlot.TickGenerators.EvenlySpacedMinorTickGenerator(1),
            LabelFormatter = static value => value.ToString("#,0.###", CultureInfo.InvariantCulture),
        };
        plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Grid.YAxisStyle.MajorLineStyle.Width = 0;
        return plot;
    }

    private static void Label(Plot plot, double value, double position, double most, string text)
    {
        var label = plot.Add.Text(text, value + (most * 0.01), position);
        label.LabelFontSize = 13;
        label.LabelAlignment = Alignment.MiddleLeft;
    }

    private static (string Title, string File) Save(
        Plot plot, string title, string name, int rows, double most, bool legend, string folder)
    {
        plot.Axes.SetLimits(0, most * 1.13, -rows + 0.4, 0.6);
        var height = 110 + (rows * 34) + (legend ? 45 : 0);
        plot.SavePng(Path.Combine(folder, $"{name}.png"), Width, height);

        // The fonts of the machine that drew it are not those of the reader: any sans serif will do.
        var svg = AnyFontFamily().Replace(
            plot.GetSvgXml(Width, height), $"font-family=\"{Font ?? "DejaVu Sans"}, Verdana, Arial, sans-serif\"");
        File.WriteAllText(Path.Combine(folder, $"{name}.svg"), svg);
        return (title, $"{name}.svg");
    }

    private static Color ColorOf<T>(string group, IReadOnlyList<T> rows)
        where T : ILabelled
    {
        var groups = rows.Select(r => r.Group).Distinct().ToArray();
        return Color.FromHex(Palette[Array.IndexOf(groups, group) % Palette.Length]);
    }

    [GeneratedRegex("font-family=\"[^\"]*\"")]
    private static partial Regex AnyFontFamily();
}

/// <summary>A line of a chart.</summary>
internal interface ILabelled
{
    /// <summary>What stands beside it.</summary>
    string Label { get; }

    /// <summary>Lines of the same group have the same colour.</summary>
    string Group { get; }
}
