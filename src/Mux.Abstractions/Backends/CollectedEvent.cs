namespace Mux.Backends;

/// <summary>What a backend hands over for one kernel event: which registration it was for, and what is ready.</summary>
/// <param name="userData">The user data that was given to the kernel: <see cref="Registration.UserData"/>, or <see cref="Wake"/>.</param>
/// <param name="readiness">Everything the kernel said, unasked conditions included: the base class masks.</param>
public readonly struct CollectedEvent(ulong userData, Readiness readiness)
{
    /// <summary>User data of the backend's own wake-up, which no registration can have.</summary>
    public const ulong Wake = ulong.MaxValue;

    /// <summary>The user data that came back from the kernel.</summary>
    public ulong UserData { get; } = userData;

    /// <summary>What the kernel said.</summary>
    public Readiness Readiness { get; } = readiness;
}
