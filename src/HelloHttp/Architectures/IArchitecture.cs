using HelloHttp.Configuration;
using HelloHttp.Hosting;
using HelloHttp.Http;
using HelloHttp.Tracing;
using Microsoft.Extensions.Logging;
using Mux;

namespace HelloHttp.Architectures;

/// <summary>A shape of server: what it does before each accept, recv and send, and when one would block. It knows no HTTP.</summary>
internal interface IArchitecture
{
    /// <summary>What <c>--architecture</c> calls it.</summary>
    string Name { get; }

    /// <summary>Whether it waits in a poller; otherwise a choice of backend makes no sense.</summary>
    bool UsesPoller { get; }

    /// <summary>How many workers it has where nobody says how many.</summary>
    int DefaultWorkers { get; }

    /// <summary>How its listeners, and so the connections accepted from them, have to be.</summary>
    /// <param name="options">What the server is told to do.</param>
    ListenOptions Listening(ServerOptions options);

    /// <summary>Refuses options that make no sense with it.</summary>
    /// <param name="options">What the server is told to do.</param>
    /// <exception cref="StartupException">They make none; the message says why.</exception>
    void Check(ServerOptions options);

    /// <summary>Begins to serve.</summary>
    /// <param name="context">What all architectures share.</param>
    /// <returns>The server; it serves until it is stopped.</returns>
    IRunningServer Start(ServerContext context);
}

/// <summary>A server that serves.</summary>
internal interface IRunningServer : IAsyncDisposable
{
    /// <summary>Complete when it serves no more; failed when a worker failed, which is the end of all of them.</summary>
    Task Completion { get; }

    /// <summary>
    /// Stops in order: stops accepting and closes the listeners at once, answers what has been received with
    /// <c>Connection: close</c>, and ends when nothing is owed any more or the time is over.
    /// </summary>
    /// <param name="timeout">How long to wait for what is owed.</param>
    /// <returns>The connections that had to be cut off.</returns>
    Task<int> DrainAsync(TimeSpan timeout);
}

/// <summary>What all architectures share.</summary>
/// <param name="Options">What the server is told to do.</param>
/// <param name="Service">Limits and responses of the protocol.</param>
/// <param name="Listeners">The listening sockets; the server that runs closes them when it stops accepting.</param>
/// <param name="Pollers">Makes pollers of the chosen backend.</param>
/// <param name="Metrics">What operators measure.</param>
/// <param name="Admission">How many connections may be open at a time.</param>
/// <param name="AcceptFailures">Where accepts that fail are reported.</param>
/// <param name="Logger">For what operators should read.</param>
/// <param name="Time">The clock.</param>
/// <param name="Tracer">Prints what happens to each connection; null, and free, unless somebody wants to see it.</param>
/// <param name="AccessLog">Writes a line for each request; null, and free, unless somebody wants it.</param>
internal sealed record ServerContext(
    ServerOptions Options,
    HttpService Service,
    Listeners Listeners,
    IPollerFactory Pollers,
    ServerMetrics Metrics,
    Admission Admission,
    AcceptFailures AcceptFailures,
    ILogger Logger,
    TimeProvider Time,
    Tracer? Tracer = null,
    AccessLog? AccessLog = null);
