namespace Mux;

/// <summary>One ready registration, as reported by a Wait. 16 bytes.</summary>
/// <param name="key">The key given with the registration.</param>
/// <param name="readiness">What is ready.</param>
public readonly struct PollEvent(ulong key, Readiness readiness) : IEquatable<PollEvent>
{
    /// <summary>The key of the registration, as last given to Add or Modify.</summary>
    public ulong Key { get; } = key;

    /// <summary>What is ready; always <see cref="Readiness.Readable"/>, <see cref="Readiness.Writable"/> or both, and hints.</summary>
    public Readiness Readiness { get; } = readiness;

    /// <summary>Whether a receive, read or accept would return at once.</summary>
    public bool IsReadable => (Readiness & Readiness.Readable) != 0;

    /// <summary>Whether a send or write would return at once, or a connect has ended.</summary>
    public bool IsWritable => (Readiness & Readiness.Writable) != 0;

    /// <inheritdoc/>
    public bool Equals(PollEvent other) => Key == other.Key && Readiness == other.Readiness;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PollEvent other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key, Readiness);

    /// <summary>Whether key and readiness are the same.</summary>
    public static bool operator ==(PollEvent left, PollEvent right) => left.Equals(right);

    /// <summary>Whether key or readiness differ.</summary>
    public static bool operator !=(PollEvent left, PollEvent right) => !left.Equals(right);

    /// <summary>The key and the readiness, for logs.</summary>
    public override string ToString() => $"{Key}: {Readiness}";
}
