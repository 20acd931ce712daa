using HelloHttp.Hosting;

namespace HelloHttp.Configuration;

/// <summary>One thing that can be set: by command line, by environment variable and by configuration file, with one meaning.</summary>
/// <param name="Option">On the command line: <c>--port</c>.</param>
/// <param name="Key">In the configuration: <c>HelloHttp:Port</c>. The environment variable has two underscores for the colon.</param>
/// <param name="ValueName">What stands for the value in the help text.</param>
/// <param name="Description">One line for the help text.</param>
internal sealed record Setting(string Option, string Key, string ValueName, string Description)
{
    /// <summary>Whether the option may stand without a value, which is then <c>true</c>.</summary>
    internal bool IsFlag { get; init; }

    /// <summary>For measuring the server itself: left out of the help text.</summary>
    internal bool IsDiagnostic { get; init; }

    /// <summary>Sets the value, or says what it should have been; null for a setting that somebody else reads.</summary>
    internal Func<ServerOptions, string, string?>? Parse { get; init; }

    /// <summary>Sets the value.</summary>
    /// <param name="options">Where to.</param>
    /// <param name="text">The value as written.</param>
    /// <exception cref="StartupException">It cannot be used.</exception>
    internal void Apply(ServerOptions options, string text)
    {
        if (Parse?.Invoke(options, text.Trim()) is { } expected)
            throw new StartupException($"'{text}' is no value for {Option} ({Key}): {expected}.");
    }
}
