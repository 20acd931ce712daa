using System.Globalization;
using HelloHttp.Http;
using Mux;

namespace HelloHttp.Tracing;

/// <summary>
/// Prints one connection's life: <c>worker  #connection  microseconds since accept  what was done</c>. Used by one worker at a time.
/// </summary>
internal sealed class ConnectionTrace(Tracer tracer, string worker, long number, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private string _worker = worker;

    internal void Accepted(EagerSocket socket) => Write("accept", $"{socket}");

    /// <summary>A worker begins to serve it, perhaps another than accepted it.</summary>
    internal void ServedBy(string worker)
    {
        if (worker == _worker)
            return;
        Write("hand", $"over to {worker}");
        _worker = worker;
    }

    internal void Receive(IoResult result) => Write("recv", result.IsDone ? $"{Bytes(result.Count)}" : $"{result}");

    internal void Parse(Step step, int consumed, long answered, int written)
    {
        if (consumed == 0 && written == 0)
            return; // Nothing was there to be parsed.
        var what = answered switch
        {
            0 when written == 0 => "no end of a request yet",
            0 => "part of a response",
            1 => "1 response",
            _ => $"{answered} responses",
        };
        Write("parse", $"{Bytes(consumed)}: {what}, {Bytes(written)} to send{(step == Step.Close ? ", then close" : "")}");
    }

    internal void Refuse(Refusal refusal, int written) => Write("refuse", $"{refusal}, {Bytes(written)} to send");

    internal void Send(IoResult result, int length) =>
        Write("send", !result.IsDone ? $"{result}" : result.Count == length ? $"{Bytes(length)}" : $"{result.Count} of {Bytes(length)}");

    internal void Wait(Interest interest) => Write("wait", interest == Interest.Writable ? "until writable" : "until readable");

    internal void Discard(long count) => Write("recv", $"{Bytes(count)} thrown away");

    /// <summary>Runs through what happens to every connection.</summary>
    internal void Rehearse()
    {
        Receive(IoResult.Done(1));
        Parse(Step.Close, 1, 1, 1);
        Send(IoResult.Done(1), 1);
        Wait(Interest.Readable);
        Close();
    }

    internal void Close() => Write("close", "");

    internal void Abort() => Write("reset", "");

    private static string Bytes(long count) => count == 1 ? "1 byte" : $"{count} bytes";

    private void Write(string what, string details)
    {
        var microseconds = (long)time.GetElapsedTime(_start).TotalMicroseconds;
        tracer.Write(string.Create(
            CultureInfo.InvariantCulture, $"{_worker,-14} #{number,-6} {microseconds,10} us  {what,-6} {details}").TrimEnd());
    }
}
