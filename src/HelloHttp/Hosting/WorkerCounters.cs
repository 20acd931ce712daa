using HelloHttp.Http;

namespace HelloHttp.Hosting;

/// <summary>
/// What one worker counts: plain fields that its own thread alone writes. Whoever reads them from elsewhere sees a value that
/// was true a moment ago, which is all that a measurement needs.
/// </summary>
internal sealed class WorkerCounters
{
    internal long Accepted;
    internal long Closed;
    internal long Requests;
    internal long BytesReceived;
    internal long BytesSent;
    internal long TimedOut;
    internal long Overloaded;
    internal long RequestContent;
    internal long ResponseContent;
    internal long AcceptWouldBlocks;

    /// <summary>Times the poller reported a listener on which nobody waited any more: another worker was quicker.</summary>
    internal long WastedWakeUps;

    internal long AcceptFailures;

    /// <summary>Requests being served now, by <see cref="RequestMethods"/>.</summary>
    internal readonly long[] Active = new long[RequestMethods.Count];

    /// <summary>Requests refused, by <see cref="Refusal"/>.</summary>
    internal readonly long[] Refused = new long[Enum.GetValues<Refusal>().Length];
}
