using Mux.Contract;
using Mux.Epoll;

namespace Mux.Tests.Contract;

/// <summary>The contract on epoll.</summary>
public sealed class EpollContract : PollerContract<EpollUnderContract>;

/// <summary>The contract on epoll with whole milliseconds, as on a system without epoll_pwait2(2).</summary>
public sealed class EpollMillisecondsContract : PollerContract<EpollMillisecondsUnderContract>;

/// <summary>epoll, where there is one.</summary>
public class EpollUnderContract : IContractBackend
{
    private readonly EpollBackend _backend = new();

    /// <inheritdoc/>
    public virtual string Name => _backend.Name;

    /// <inheritdoc/>
    public string? UnavailableReason => _backend.UnavailableReason;

    /// <inheritdoc/>
    public virtual PollerFeatures Features => _backend.Features;

    /// <summary>A closed descriptor that lives on in a duplicate goes on reporting.</summary>
    public bool MeetsStaleEvents => true;

    /// <inheritdoc/>
    public IReadOnlyDictionary<KnownDeviation, string> Deviations { get; } = new Dictionary<KnownDeviation, string>();

    /// <inheritdoc/>
    public virtual IPoller Create() => _backend.CreatePoller();
}

/// <summary>epoll without nanoseconds.</summary>
public sealed class EpollMillisecondsUnderContract : EpollUnderContract
{
    /// <inheritdoc/>
    public override string Name => "epoll with milliseconds";

    /// <inheritdoc/>
    public override PollerFeatures Features => base.Features & ~PollerFeatures.SubMillisecondTimeout;

    /// <inheritdoc/>
    public override IPoller Create() => new EpollPoller(nanoseconds: false);
}
