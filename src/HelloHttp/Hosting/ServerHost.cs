using HelloHttp.Configuration;
using HelloHttp.Processes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mux;

namespace HelloHttp.Hosting;

/// <summary>Puts the program together from its parts and runs it until a signal ends it.</summary>
internal static class ServerHost
{
    private const int CannotStart = 1;

    // What the host adds to the drain time before it gives up on a stop: the drain has a deadline of its own and keeps it.
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(5);

    /// <summary>Serves until SIGINT or SIGTERM.</summary>
    /// <param name="configure">Adds the sources of configuration.</param>
    /// <returns>The exit code: 0 after an orderly stop, 1 when the server cannot start; then one line on standard error says why.</returns>
    internal static async Task<int> RunAsync(Action<IConfigurationBuilder> configure)
    {
        SupervisorLink? supervisor = null;
        try
        {
            supervisor = WorkerAssignment.Take() is { } assignment ? new SupervisorLink(assignment) : null;
            using var host = Build(configure, supervisor);
            await host.RunAsync().ConfigureAwait(false);
            return Environment.ExitCode;
        }
        catch (Exception e) when (e is StartupException or OptionsValidationException or BackendUnavailableException
            or InvalidDataException or IOException or UnauthorizedAccessException or FormatException)
        {
            // What all workers suffer from is said once, by the supervisor.
            if (supervisor is not null)
                supervisor.ReportFailure(OneLine(e));
            else
                Console.Error.TryWriteLine($"HelloHttp: {OneLine(e)}");
            return CannotStart;
        }
        finally
        {
            supervisor?.Dispose();
        }
    }

    private static IHost Build(Action<IConfigurationBuilder> configure, SupervisorLink? supervisor)
    {
        // The empty builder: the default one also watches files, binds the event log and looks for user secrets.
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "HelloHttp" });
        builder.Configuration.SetBasePath(Environment.CurrentDirectory);
        configure(builder.Configuration);
        var options = ServerOptions.From(builder.Configuration);
        if (supervisor is not null)
            options.Assign(supervisor.Assignment);

        // Before the first socket: the switch is read once.
        if (options.ReportCounters)
            AppContext.SetSwitch(SocketCallCounts.SwitchName, true);

        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            console.UseUtcTimestamp = true;
        });
        // Standard output belongs to the one line that says where the server is.
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);

        // A failed start is reported once, by this program, and not by the host's logger as well.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);

        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + StopMargin);
        builder.Services.AddSingleton<IHostLifetime, SignalLifetime>();
        builder.Services.AddMux().AddEpoll().AddKqueue().AddSelect();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(_ => new ServerMetrics());
        if (supervisor is not null)
        {
            builder.Services.AddSingleton(supervisor);
            builder.Services.AddHostedService<SupervisorFollower>();
        }

        if (options.WorkerModel == WorkerModel.Process && supervisor is null)
            builder.Services.AddHostedService<Supervisor>();
        else
            builder.Services.AddHostedService<ServerService>();
        return builder.Build();
    }

    private static string OneLine(Exception e)
    {
        // The configuration's own exceptions name the file; what is wrong in it stands in the innermost one.
        var cause = e is StartupException ? e : e.GetBaseException();
        var text = ReferenceEquals(cause, e) ? e.Message : $"{e.Message} {cause.Message}";
        return text.ReplaceLineEndings(" ");
    }
}
