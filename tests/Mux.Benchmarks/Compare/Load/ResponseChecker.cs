namespace Mux.Benchmarks.Compare.Load;

/// <summary>
/// Checks the bytes that one connection receives, however they are cut: each response whole, the beginning of the next as far as it
/// has come.
/// </summary>
internal sealed class ResponseChecker(ResponseTemplate template)
{
    /// <summary>What <see cref="Advance"/> answers when the bytes are not what they must be.</summary>
    internal const int Mismatch = -1;

    private readonly byte[] _begun = new byte[template.Length];
    private int _begunLength;

    /// <summary>Whether a response has begun and is not complete.</summary>
    internal bool IsAmid => _begunLength > 0;

    /// <summary>Takes what was received.</summary>
    /// <param name="received">The bytes.</param>
    /// <returns>The number of responses that are complete with them, or <see cref="Mismatch"/>.</returns>
    internal int Advance(ReadOnlySpan<byte> received)
    {
        var completed = 0;
        if (_begunLength > 0)
        {
            var missing = received[..Math.Min(received.Length, template.Length - _begunLength)];
            missing.CopyTo(_begun.AsSpan(_begunLength));
            _begunLength += missing.Length;
            received = received[missing.Length..];
            if (!template.MatchesBeginning(_begun.AsSpan(0, _begunLength)))
                return Mismatch;
            if (_begunLength < template.Length)
                return 0;
            _begunLength = 0;
            completed = 1;
        }

        for (; received.Length >= template.Length; received = received[template.Length..])
        {
            if (!template.Matches(received[..template.Length]))
                return Mismatch;
            completed++;
        }

        if (!template.MatchesBeginning(received))
            return Mismatch;
        received.CopyTo(_begun);
        _begunLength = received.Length;
        return completed;
    }

    /// <summary>Forgets what has begun: a new connection.</summary>
    internal void Reset() => _begunLength = 0;
}
