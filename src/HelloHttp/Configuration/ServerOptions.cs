using HelloHttp.Http;
using HelloHttp.Processes;
using Microsoft.Extensions.Configuration;

namespace HelloHttp.Configuration;

/// <summary>What the server is told to do. Section <c>HelloHttp</c> of the configuration; <see cref="Settings"/> names the keys.</summary>
internal sealed class ServerOptions
{
    internal const string Section = "HelloHttp";

    private int? _workers;

    /// <summary>Where to listen: <c>localhost</c> is both loopback addresses, <c>unix:/path</c> a Unix domain socket.</summary>
    public string Host { get; set; } = "localhost";

    /// <summary>The port; 0 takes a free one, the same for every address.</summary>
    public int Port { get; set; } = 8000;

    /// <summary>Workers, threads or processes; unless set, as many as the architecture has by default.</summary>
    public int Workers
    {
        get => _workers ?? Architectures.Architecture.Find(Architecture)!.DefaultWorkers;
        set => _workers = value;
    }

    /// <summary>Connections the kernel queues before they are accepted. It caps the number itself (somaxconn on Linux).</summary>
    public int Backlog { get; set; } = 4096;

    /// <summary>The body of the answer to <c>/</c>, as UTF-8.</summary>
    public string Body { get; set; } = "hello";

    /// <summary>The shape of the server: the name of an <see cref="Architectures.IArchitecture"/>.</summary>
    public string Architecture { get; set; } = Architectures.Architecture.Default;

    /// <summary>Whether workers are threads or processes.</summary>
    public WorkerModel WorkerModel { get; set; }

    /// <summary>Whether workers share their listeners.</summary>
    public AcceptMode Accept { get; set; }

    /// <summary>Whether the kernel wakes as few as it can of the workers that wait for a shared listener.</summary>
    public bool Exclusive { get; set; }

    /// <summary>In a worker process: what its supervisor has told it.</summary>
    internal WorkerAssignment? Assignment { get; private set; }

    /// <summary>Whether to print what happens to each connection.</summary>
    public bool Trace { get; set; }

    /// <summary>Where a line for each request goes: a file, <c>stdout</c> or <c>stderr</c>; null for nowhere.</summary>
    public string? AccessLog { get; set; }

    /// <summary>Whether that line is JSON in place of the common log format.</summary>
    public bool AccessLogIsJson { get; set; }

    /// <summary>How long a stop waits for what is owed.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>From the first byte of a request to the end of its header section; then 408.</summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may wait for its next request.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(75);

    /// <summary>How long a peer may take no byte of an answer it is owed.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes per second that a peer must take of its answer on average over each <see cref="WriteTimeout"/>; 0 asks for none.</summary>
    public int MinWriteRate { get; set; } = 240;

    /// <summary>Bytes per second that a request body must bring on average over each <see cref="BodyTimeout"/>; 0 asks for none.</summary>
    public int MinBodyRate { get; set; } = 240;

    /// <summary>The stretch over which <see cref="MinBodyRate"/> is measured.</summary>
    public TimeSpan BodyTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Connections served at a time by all workers together; more wait in the kernel's queue. 0 is no limit.</summary>
    public int MaxConnections { get; set; }

    /// <summary>
    /// Whether each process that serves counts its system calls and prints what it counted, one line of JSON on standard
    /// output, when it has drained. For measurements; see <see cref="Hosting.CounterReport"/>.
    /// </summary>
    public bool ReportCounters { get; set; }

    /// <summary>Whether connections beyond <see cref="MaxConnections"/> are answered 503 and closed; otherwise they wait.</summary>
    public bool RefusesWhenFull { get; set; }

    /// <summary>What one peer may ask for.</summary>
    public HttpLimits Limits { get; set; } = new();

    /// <summary>Makes them those of one of several worker processes, of which each has one worker.</summary>
    internal void Assign(WorkerAssignment assignment)
    {
        Assignment = assignment;
        Workers = 1;
        MaxConnections = assignment.ShareOf(MaxConnections);
    }

    /// <summary>The options that the configuration asks for.</summary>
    /// <param name="configuration">Files, environment and command line, the later winning.</param>
    /// <exception cref="Hosting.StartupException">A value cannot be used; the message names its option and key.</exception>
    internal static ServerOptions From(IConfiguration configuration)
    {
        var options = new ServerOptions();
        foreach (var setting in Settings.All)
        {
            if (configuration[setting.Key] is { } text)
                setting.Apply(options, text);
        }

        return options;
    }
}
