namespace Mux.Benchmarks.Compare.Load;

/// <summary>
/// Checks the bytes that one connection receives, however they are cut: each response whole, the beginning of the next as far as it
/// has come.
/// </summary>
/// <param name="template">What each response must be.</param>
/// <param name="closing">
/// What it may be instead, as the last one on its connection: a server may end any connection with <c>Connection: close</c>, and
/// one with few workers does, so that others have their turn. Null if it is not allowed.
/// </param>
internal sealed class ResponseChecker(ResponseTemplate template, ResponseTemplate? closing = null)
{
    /// <summary>What <see cref="Advance"/> answers when the bytes are not what they must be.</summary>
    internal const int Mismatch = -1;

    private readonly byte[] _begun = new byte[Math.Max(template.Length, closing?.Length ?? 0)];
    private int _begunLength;

    /// <summary>Whether a response has begun and is not complete.</summary>
    internal bool IsAmid => _begunLength > 0;

    /// <summary>Whether the server has said that it closes: nothing may follow.</summary>
    internal bool IsClosing { get; private set; }

    /// <summary>Takes what was received.</summary>
    /// <param name="received">The bytes.</param>
    /// <returns>The number of responses that are complete with them, or <see cref="Mismatch"/>.</returns>
    internal int Advance(ReadOnlySpan<byte> received)
    {
        var completed = 0;
        while (!received.IsEmpty)
        {
            if (IsClosing)
                return Mismatch;
            if (_begunLength == 0 && received.Length >= template.Length && template.Matches(received[..template.Length]))
            {
                received = received[template.Length..];
                completed++;
                continue;
            }

            var before = _begunLength;
            var taken = Math.Min(received.Length, _begun.Length - before);
            received[..taken].CopyTo(_begun.AsSpan(before));
            var begun = _begun.AsSpan(0, before + taken);
            var candidate = MayBe(template, begun) ? template : closing is not null && MayBe(closing, begun) ? closing : null;
            if (candidate is null)
                return Mismatch;
            if (begun.Length < candidate.Length)
            {
                _begunLength = begun.Length;
                return completed;
            }

            received = received[(candidate.Length - before)..];
            _begunLength = 0;
            completed++;
            IsClosing = candidate == closing;
        }

        return completed;
    }

    /// <summary>Forgets what has begun: a new connection.</summary>
    internal void Reset()
    {
        _begunLength = 0;
        IsClosing = false;
    }

    private static bool MayBe(ResponseTemplate template, ReadOnlySpan<byte> begun) =>
        template.MatchesBeginning(begun[..Math.Min(begun.Length, template.Length)]);
}
