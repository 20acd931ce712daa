namespace Mux.Kqueue;

/// <summary>The kqueue backend, to be chosen as "kqueue". macOS, FreeBSD, and Linux where a libkqueue is named.</summary>
public sealed class KqueueBackend : IPollerBackend
{
    internal const string BackendName = "kqueue";

    internal const PollerFeatures CommonFeatures = PollerFeatures.EdgeTriggered | PollerFeatures.AnyDescriptor
        | PollerFeatures.SubMillisecondTimeout;

    private readonly KeventCalls? _calls;
    private readonly string? _unavailableReason;

    /// <summary>The system's own kqueue, or that of the library which MUX_KQUEUE_LIBRARY names.</summary>
    public KqueueBackend()
        : this(new KqueueOptions())
    {
    }

    /// <summary>The kqueue that the options name.</summary>
    /// <param name="options">Where the calls come from.</param>
    public KqueueBackend(KqueueOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _calls = KqueueNative.Find(options.Library, out _unavailableReason);
    }

    internal KqueueBackend(KeventCalls calls) => _calls = calls;

    /// <inheritdoc/>
    public string Name => BackendName;

    /// <inheritdoc/>
    public int Preference => 200;

    /// <inheritdoc/>
    public PollerFeatures Features => KqueuePoller.FeaturesOf(_calls?.Dialect);

    /// <inheritdoc/>
    public string? UnavailableReason => _unavailableReason;

    /// <inheritdoc/>
    public IPoller CreatePoller() => _calls is null
        ? throw new PlatformNotSupportedException($"The kqueue backend is not available because {_unavailableReason}.")
        : new KqueuePoller(_calls);
}
