using System.Globalization;

namespace HelloHttp.Configuration;

/// <summary>Values as people write them in options: whole numbers in a range, lengths of time, sizes.</summary>
internal static class ValueText
{
    private static readonly (string Suffix, double Seconds)[] TimeUnits = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    private static readonly (string Suffix, long Bytes)[] SizeUnits =
        [("kib", 1L << 10), ("mib", 1L << 20), ("gib", 1L << 30), ("kb", 1000), ("mb", 1000_000), ("gb", 1000_000_000), ("b", 1)];

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    internal static string? Number(string text, int least, int most, out int value)
    {
        var valid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
            && value >= least && value <= most;
        return valid ? null : $"expected a whole number from {least} to {most}";
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    internal static string? Flag(string text, out bool value) =>
        bool.TryParse(text, out value) ? null : "expected true or false";

    /// <summary>A length of time: a number of seconds, or a number with <c>ms</c>, <c>s</c>, <c>m</c> or <c>h</c> behind it.</summary>
    internal static string? Duration(string text, TimeSpan least, out TimeSpan value)
    {
        var (number, unit) = Split(text, TimeUnits);
        value = default;
        var valid = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            && count * (unit ?? 1) <= MaxDuration.TotalSeconds;
        if (valid)
            value = TimeSpan.FromSeconds(count * (unit ?? 1));
        return valid && value >= least
            ? null
            : $"expected a length of time up to a day, such as 500ms, 10 or 10s, 2m{(least > TimeSpan.Zero ? ", and more than 0" : "")}";
    }

    /// <summary>A number of bytes, or a number with <c>KiB</c>, <c>MB</c> and the like behind it.</summary>
    internal static string? Size(string text, long least, long most, out long value)
    {
        var (number, unit) = Split(text, SizeUnits);
        value = 0;
        var valid = long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= long.MaxValue / (unit ?? 1);
        if (valid)
            value = count * (unit ?? 1);
        return valid && value >= least && value <= most
            ? null
            : $"expected a size from {least} to {most} bytes, such as 8192, 32KiB or 30MB";
    }

    private static TimeSpan MaxDuration => TimeSpan.FromDays(1);

    private static (string Number, T? Unit) Split<T>(string text, (string Suffix, T Unit)[] units)
        where T : struct
    {
        foreach (var (suffix, unit) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                return (text[..^suffix.Length].TrimEnd(), unit);
        }

        return (text, null);
    }
}
