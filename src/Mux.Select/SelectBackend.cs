namespace Mux.Select;

/// <summary>The select backend, to be chosen as "select". Every system, sockets only.</summary>
public sealed class SelectBackend : IPollerBackend
{
    internal const string BackendName = "select";

    /// <inheritdoc/>
    public string Name => BackendName;

    /// <inheritdoc/>
    public int Preference => 100;

    /// <inheritdoc/>
    public PollerFeatures Features => PollerFeatures.None;

    /// <inheritdoc/>
    public string? UnavailableReason => null;

    /// <inheritdoc/>
    public IPoller CreatePoller() => new SelectPoller();
}
