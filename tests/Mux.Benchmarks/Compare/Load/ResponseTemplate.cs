using System.Globalization;
using System.Text;

namespace Mux.Benchmarks.Compare.Load;

/// <summary>
/// What each response of a server must be, byte for byte: a response it gave before, but for the value of the Date field, which
/// must be a date of now. Belongs to one thread.
/// </summary>
internal sealed class ResponseTemplate
{
    /// <summary>The length of an IMF-fixdate (RFC 9110 section 5.6.7).</summary>
    private const int DateLength = 29;

    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    private readonly byte[] _bytes;
    private readonly int _dateStart;
    private readonly TimeProvider _time;
    private readonly byte[] _lastDate = new byte[DateLength];
    private long _lastDateExpires;

    /// <summary>Takes a response as the model.</summary>
    /// <param name="response">The whole of it, head and body.</param>
    /// <param name="time">What a date is compared with.</param>
    internal ResponseTemplate(ReadOnlySpan<byte> response, TimeProvider? time = null)
    {
        _bytes = response.ToArray();
        _time = time ?? TimeProvider.System;
        var head = HeadLength(response);
        var field = head < 0 ? -1 : IndexOfField(response[..head], "date"u8);
        _dateStart = field < 0 ? -1 : field + "Date:"u8.Length;
        if (_dateStart >= 0 && _bytes[_dateStart] == (byte)' ')
            _dateStart++;
        if (_dateStart >= 0 && _dateStart + DateLength > head)
            _dateStart = -1;
    }

    /// <summary>The length of each response.</summary>
    internal int Length => _bytes.Length;

    /// <summary>The same template for another thread.</summary>
    internal ResponseTemplate Copy() => new(_bytes, _time);

    /// <summary>Whether these bytes are a response.</summary>
    /// <param name="response">As many bytes as <see cref="Length"/>.</param>
    internal bool Matches(ReadOnlySpan<byte> response) => response.Length == Length && MatchesBeginning(response);

    /// <summary>Whether a response may begin with these bytes.</summary>
    /// <param name="beginning">At most as many as <see cref="Length"/>.</param>
    internal bool MatchesBeginning(ReadOnlySpan<byte> beginning)
    {
        if (_dateStart < 0 || beginning.Length <= _dateStart)
            return beginning.SequenceEqual(_bytes.AsSpan(0, beginning.Length));
        var dateEnd = _dateStart + DateLength;
        if (!beginning[.._dateStart].SequenceEqual(_bytes.AsSpan(0, _dateStart)))
            return false;
        return beginning.Length < dateEnd
            || (IsNow(beginning[_dateStart..dateEnd]) && beginning[dateEnd..].SequenceEqual(_bytes.AsSpan(dateEnd, beginning.Length - dateEnd)));
    }

    /// <summary>The length of the head with the empty line; -1 if it is not complete.</summary>
    internal static int HeadLength(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 4;
    }

    /// <summary>The length of the whole response by its Content-Length; -1 if it has none.</summary>
    /// <param name="head">The head, complete.</param>
    internal static long ResponseLength(ReadOnlySpan<byte> head)
    {
        var field = IndexOfField(head, "content-length"u8);
        if (field < 0)
            return -1;
        var value = head[(field + "content-length:"u8.Length)..];
        value = value[..value.IndexOf("\r\n"u8)];
        return long.TryParse(Encoding.ASCII.GetString(value), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture, out var length) ? head.Length + length : -1;
    }

    private static int IndexOfField(ReadOnlySpan<byte> head, ReadOnlySpan<byte> lowerCaseName)
    {
        for (var line = head.IndexOf("\r\n"u8) + 2; line < head.Length - 2;)
        {
            var rest = head[line..];
            if (rest.Length > lowerCaseName.Length && rest[lowerCaseName.Length] == (byte)':'
                && Ascii.EqualsIgnoreCase(rest[..lowerCaseName.Length], lowerCaseName))
            {
                return line;
            }

            line += rest.IndexOf("\r\n"u8) + 2;
        }

        return -1;
    }

    private bool IsNow(ReadOnlySpan<byte> date)
    {
        var now = _time.GetUtcNow();
        if (now.Ticks < _lastDateExpires && date.SequenceEqual(_lastDate))
            return true;
        Span<char> text = stackalloc char[DateLength];
        Encoding.Latin1.GetChars(date, text);
        if (!DateTimeOffset.TryParseExact(text, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed)
            || (now - parsed).Duration() > Tolerance)
        {
            return false;
        }

        // Parsing takes any case and any kind of space; a response is right as it is written.
        Span<byte> written = stackalloc byte[DateLength];
        if (!parsed.TryFormat(written, out _, "r", CultureInfo.InvariantCulture) || !date.SequenceEqual(written))
            return false;

        date.CopyTo(_lastDate);
        _lastDateExpires = (parsed + Tolerance).Ticks;
        return true;
    }
}
