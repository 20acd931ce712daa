namespace Mux.Contract;

/// <summary>
/// The contract of <see cref="IPoller"/> as tests, a file per subject. Derive one sealed class per backend:
/// <c>public sealed class EpollContract : PollerContract&lt;EpollUnderContract&gt;;</c>.
/// </summary>
/// <remarks>Each test names the rule it holds the backend to: <c>[Trait("Rule", "7")]</c>.</remarks>
/// <typeparam name="TBackend">The backend.</typeparam>
public abstract partial class PollerContract<TBackend>
    where TBackend : IContractBackend, new()
{
    /// <summary>The backend under test.</summary>
    protected TBackend Backend { get; } = new();
}
