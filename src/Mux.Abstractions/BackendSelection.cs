namespace Mux;

/// <summary>Chooses a backend; usable without dependency injection.</summary>
public static class BackendSelection
{
    /// <summary>
    /// The backend that the options ask for: the named one, or under <c>auto</c> the supported one with the highest
    /// <see cref="IPollerBackend.Preference"/> that has the required features.
    /// </summary>
    /// <param name="backends">The backends the program knows.</param>
    /// <param name="options">What is asked for.</param>
    /// <exception cref="BackendUnavailableException">None meets the options; the message lists what this system has.</exception>
    public static IPollerBackend Choose(IEnumerable<IPollerBackend> backends, MuxOptions options)
    {
        ArgumentNullException.ThrowIfNull(backends);
        ArgumentNullException.ThrowIfNull(options);
        var known = backends.OrderByDescending(b => b.Preference).ToList();
        if (known.Count == 0)
            throw new BackendUnavailableException("No poller backend is known to the program: add one, for example with AddEpoll().");

        var name = string.IsNullOrWhiteSpace(options.Backend) ? MuxOptions.Auto : options.Backend.Trim();
        var required = options.RequiredFeatures;
        if (name.Equals(MuxOptions.Auto, StringComparison.OrdinalIgnoreCase))
        {
            return known.Find(b => b.UnavailableReason is null && Lacks(b, required) == PollerFeatures.None)
                ?? throw new BackendUnavailableException(
                    $"No poller backend of this system offers {required}. {Inventory(known)}");
        }

        var named = known.Find(b => b.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? throw new BackendUnavailableException($"There is no poller backend named '{name}'. {Inventory(known)}");
        if (named.UnavailableReason is { } reason)
            throw new BackendUnavailableException($"The {named.Name} backend is not available because {reason}. {Inventory(known)}");
        var lacking = Lacks(named, required);
        if (lacking != PollerFeatures.None)
            throw new BackendUnavailableException($"The {named.Name} backend does not offer {lacking}. {Inventory(known)}");
        return named;
    }

    private static PollerFeatures Lacks(IPollerBackend backend, PollerFeatures required) => required & ~backend.Features;

    private static string Inventory(List<IPollerBackend> known)
    {
        var available = known.Where(b => b.UnavailableReason is null).Select(b => b.Name).ToList();
        return available.Count == 0
            ? "None is available on this system."
            : $"Available on this system: {string.Join(", ", available)} (or {MuxOptions.Auto}).";
    }
}
