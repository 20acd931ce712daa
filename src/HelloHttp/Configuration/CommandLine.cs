using System.CommandLine;
using Microsoft.Extensions.Configuration;

namespace HelloHttp.Configuration;

/// <summary>
/// The command line. It only carries text into the configuration, where files and environment put theirs too: what a value
/// may be stands once, in <see cref="Settings"/>.
/// </summary>
internal sealed class CommandLine
{
    /// <summary>The exit code of a command line that makes no sense; 1 is a server that could not start.</summary>
    internal const int UsageError = 2;

    private readonly RootCommand _command = new(
        "An HTTP/1.1 server that says hello, one eager event loop per core.\n\n"
        + "Every option can also stand in appsettings.json or the file of --config, as { \"HelloHttp\": { \"Port\": 8080 }, "
        + "\"Mux\": { \"Backend\": \"select\" } }, or in an environment variable: HelloHttp__Port, Mux__Backend. The command "
        + "line wins over the environment, and the environment over files.");

    private readonly Option<string?> _config = new("--config")
    {
        Description = "A JSON file with options, read after appsettings.json of the current directory",
        HelpName = "file",
    };

    private readonly List<(Setting Setting, Option<string?> Option)> _options = [];

    internal CommandLine()
    {
        foreach (var setting in Settings.All)
        {
            var option = new Option<string?>(setting.Option) { Description = setting.Description, HelpName = setting.ValueName, Hidden = setting.IsDiagnostic };
            if (setting.IsFlag)
                option.Arity = ArgumentArity.ZeroOrOne;
            _options.Add((setting, option));
            _command.Options.Add(option);
        }

        _command.Options.Add(_config);
    }

    /// <summary>Runs the program: help, version, a usage error, or <paramref name="serve"/>.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="serve">Serves with the configuration that results and gives the exit code.</param>
    /// <returns>The process's exit code.</returns>
    internal int Run(IReadOnlyList<string> args, Func<Action<IConfigurationBuilder>, Task<int>> serve)
    {
        _command.SetAction(parsed => serve(configuration => Configure(configuration, parsed)));
        var result = _command.Parse(args);
        if (result.Errors.Count == 0 || result.Action is not System.CommandLine.Invocation.ParseErrorAction)
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        Console.Error.WriteLine($"HelloHttp: {result.Errors[0].Message.ReplaceLineEndings(" ")} Try --help.");
        return UsageError;
    }

    private void Configure(IConfigurationBuilder configuration, ParseResult parsed)
    {
        configuration.AddJsonFile("appsettings.json", optional: true, reloadOnChange: false);
        if (parsed.GetValue(_config) is { } file)
            configuration.AddJsonFile(Path.GetFullPath(file), optional: false, reloadOnChange: false);
        configuration.AddEnvironmentVariables();
        configuration.AddInMemoryCollection(
            from entry in _options
            let value = parsed.GetValue(entry.Option) ?? (entry.Setting.IsFlag ? "true" : null)
            where value is not null && parsed.GetResult(entry.Option) is not null
            select KeyValuePair.Create(entry.Setting.Key, (string?)value));
    }
}
