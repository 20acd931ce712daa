using System.Text;

namespace HelloHttp.Http;

/// <summary>
/// What all connections of a server have in common: the limits, and every response that can be built in advance.
/// Immutable; one per process; used by any number of threads.
/// </summary>
internal sealed class HttpService
{
    private readonly PreparedResponse[] _refusals;
    private readonly PreparedResponse[] _notAllowed;
    private readonly PreparedResponse[] _options;

    /// <summary>Builds the responses.</summary>
    /// <param name="limits">The limits; checked here.</param>
    /// <param name="body">What the greeting says.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit makes no sense.</exception>
    public HttpService(HttpLimits limits, ReadOnlySpan<byte> body)
    {
        limits.Validate();
        Limits = limits;
        MaxBody = limits.MaxBody == 0 ? long.MaxValue : limits.MaxBody;
        MaxRequests = limits.MaxRequests == 0 ? long.MaxValue : limits.MaxRequests;
        MaxRetained = Math.Max(limits.MaxRequestLine, Math.Max(limits.MaxHeaderSection, limits.MaxChunkLine)) + 1;
        Hello = new PreparedResponse(200, body);
        Health = new PreparedResponse(200, "ok\n"u8);
        _refusals = [.. from refusal in Enum.GetValues<Refusal>() select Refuse(refusal, null)];
        var routes = Enum.GetValues<Route>();
        _notAllowed = [.. from route in routes select Refuse(Refusal.MethodNotAllowed, Routes.Allowed(route))];
        _options = [.. from route in routes select new PreparedResponse(200, default, Routes.Allowed(route))];
    }

    /// <summary>The limits.</summary>
    public HttpLimits Limits { get; }

    /// <summary>Largest content, without the special meaning of 0.</summary>
    public long MaxBody { get; }

    /// <summary>Most requests per connection, without the special meaning of 0.</summary>
    public long MaxRequests { get; }

    /// <summary>Most bytes that <see cref="Http1.Advance"/> leaves in Input when it asks for more.</summary>
    public int MaxRetained { get; }

    /// <summary>The greeting.</summary>
    public PreparedResponse Hello { get; }

    /// <summary>The answer of <c>/healthz</c>.</summary>
    public PreparedResponse Health { get; }

    /// <summary>The response that refuses.</summary>
    /// <param name="refusal">Why; not None.</param>
    public PreparedResponse this[Refusal refusal] => _refusals[(int)refusal];

    /// <summary>405 with the route's Allow.</summary>
    /// <param name="route">The route.</param>
    public PreparedResponse NotAllowed(Route route) => _notAllowed[(int)route];

    /// <summary>The answer to OPTIONS.</summary>
    /// <param name="route">The route.</param>
    public PreparedResponse Options(Route route) => _options[(int)route];

    private static PreparedResponse Refuse(Refusal refusal, Method? allow)
    {
        if (refusal == Refusal.None)
            return null!;

        var status = Refusals.Status(refusal);
        var text = $"{status} {Refusals.Phrase(status)}\n{Refusals.Text(refusal)}\n";
        return new PreparedResponse(status, Encoding.ASCII.GetBytes(text), allow, refusal);
    }
}
