namespace Mux;

/// <summary>Which backend to use.</summary>
public sealed class MuxOptions
{
    /// <summary>The value of <see cref="Backend"/> that takes the best backend this system has.</summary>
    public const string Auto = "auto";

    /// <summary>The configuration section that is bound to these options.</summary>
    public const string Section = "Mux";

    /// <summary>
    /// A backend's name, or <see cref="Auto"/> (default). Configuration key <c>Mux:Backend</c>, environment variable
    /// <c>Mux__Backend</c>. A named backend that this system lacks is an error at start, never a silent fallback.
    /// </summary>
    public string Backend { get; set; } = Auto;

    /// <summary>
    /// What the chosen backend must be able to do beyond the common contract: <c>auto</c> passes over those that cannot, a
    /// named one that cannot is an error. Configuration key <c>Mux:RequiredFeatures</c>, names separated by commas.
    /// </summary>
    public PollerFeatures RequiredFeatures { get; set; }
}
