namespace Mux;

/// <summary>One registration as it stands, for whoever debugs a loop that spins or stays silent.</summary>
/// <param name="Descriptor">The descriptor's number.</param>
/// <param name="Key">The key given last.</param>
/// <param name="Interest">The interest given last.</param>
/// <param name="Mode">The mode given last.</param>
/// <param name="Armed">False for a one-shot registration that has reported and was not modified since.</param>
/// <param name="Closed">True if the Socket or handle it was made with has been closed without Remove.</param>
public readonly record struct PollerRegistration(
    nint Descriptor, ulong Key, Interest Interest, PollMode Mode, bool Armed, bool Closed);
