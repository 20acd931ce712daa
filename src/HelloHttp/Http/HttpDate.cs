using System.Globalization;
using System.Text;

namespace HelloHttp.Http;

/// <summary>
/// The value of the Date field (RFC 9110 sections 5.6.7 and 6.6.1), formatted at most once a second. One per loop;
/// belongs to one thread.
/// </summary>
internal sealed class HttpDate
{
    /// <summary>Length of an IMF-fixdate, such as <c>Sun, 06 Nov 1994 08:49:37 GMT</c>.</summary>
    public const int Length = 29;

    private readonly byte[] _text = new byte[Length];
    private long _second = long.MinValue;

    /// <summary>Starts at the given time.</summary>
    /// <param name="now">The time, in any offset.</param>
    public HttpDate(DateTimeOffset now) => Update(now);

    /// <summary>The 29 bytes of the date.</summary>
    public ReadOnlySpan<byte> Text => _text;

    /// <summary>
    /// Tells the time; call it once per batch of events. Costs a comparison unless a second has passed.
    /// </summary>
    /// <param name="now">The time, in any offset.</param>
    public void Update(DateTimeOffset now)
    {
        var second = now.UtcTicks / TimeSpan.TicksPerSecond;
        if (second == _second)
            return;

        _second = second;
        Span<char> characters = stackalloc char[Length];
        now.UtcDateTime.TryFormat(characters, out _, "R", CultureInfo.InvariantCulture);
        Encoding.ASCII.GetBytes(characters, _text);
    }
}
