using System.Net;
using System.Net.Sockets;
using System.Text;
using Mux.Benchmarks.Compare.Load;
using Mux.Select;
using Xunit;

namespace HelloHttp.Tests.Load;

/// <summary>The load client against servers of a few lines, good and bad.</summary>
public sealed class LoadRunTests : IDisposable
{
    private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"u8.ToArray();

    private const int Requests = 60;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public LoadRunTests() => _listener.Start();

    [Theory]
    [InlineData("Close")]
    [InlineData("KeepAlive")]
    [InlineData("Pipeline")]
    public void Every_answered_request_counts_once(string pattern)
    {
        var answered = 0;
        var plan = Serve(Enum.Parse<LoadPattern>(pattern), () =>
        {
            Interlocked.Increment(ref answered);
            return Answer;
        });

        var result = Run(plan);

        Assert.Equal((0, null), (result.Failures, result.FirstFailure));
        Assert.Equal(Requests, result.Latencies.Count);
        Assert.Equal(Requests, Volatile.Read(ref answered));
    }

    [Fact]
    public void A_wrong_byte_is_a_failure_and_not_a_request()
    {
        var plan = Serve(LoadPattern.KeepAlive, () => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo"u8.ToArray());

        var result = Run(plan);

        Assert.Equal(0, result.Latencies.Count);
        Assert.Equal(plan.Connections, result.Failures);
        Assert.Equal("the answer is not the one it should be", result.FirstFailure);
    }

    [Fact]
    public void A_response_nobody_asked_for_is_a_failure()
    {
        var plan = Serve(LoadPattern.KeepAlive, () => [.. Answer, .. Answer]);

        Assert.Equal(plan.Connections, Run(plan).Failures);
    }

    [Fact]
    public void A_connection_closed_in_the_middle_is_a_failure()
    {
        var plan = Serve(LoadPattern.Close, () => Answer[..^1]);

        var result = Run(plan);

        Assert.Equal("closed before the answer was complete", result.FirstFailure);
        Assert.Equal(0, result.Latencies.Count);
    }

    [Fact]
    public void Load_goes_to_this_machine_only()
    {
        Assert.Throws<ArgumentException>(() => LoadPlan.For(new Uri("http://192.0.2.1/"), LoadPattern.Close, 1, 1));
        Assert.Throws<ArgumentException>(() => LoadPlan.For(new Uri("http://example.org/"), LoadPattern.Close, 1, 1));
        Assert.Throws<ArgumentException>(() => LoadPlan.For(new Uri("https://127.0.0.1/"), LoadPattern.Close, 1, 1));
        Assert.Equal(
            new IPEndPoint(IPAddress.Parse("127.1.2.3"), 81),
            LoadPlan.For(new Uri("http://127.1.2.3:81/"), LoadPattern.Close, 1, 1).Target);
    }

    [Fact]
    public void A_probe_learns_the_response_and_refuses_another_body()
    {
        var plan = Serve(LoadPattern.Close, () => Answer);

        Assert.Equal(Answer.Length, Probe.Ask(plan, "hello").Length);
        Assert.Throws<InvalidDataException>(() => Probe.Ask(plan, "something else"));
    }

    public void Dispose() => _listener.Dispose();

    private static LoadResult Run(LoadPlan plan) => LoadRun.Run(
        plan with { Requests = Requests }, new ResponseTemplate(Answer), threads: 2, TimeSpan.FromSeconds(60), static () => new SelectPoller());

    /// <summary>Answers every request, and closes if it was asked to.</summary>
    private LoadPlan Serve(LoadPattern pattern, Func<byte[]> answer)
    {
        var plan = LoadPlan.For(
            new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/"), pattern, connections: 4, depth: 3);
        _ = AcceptAll();
        return plan;

        async Task AcceptAll()
        {
            while (true)
                _ = Talk(await _listener.AcceptSocketAsync());
        }

        async Task Talk(Socket socket)
        {
            using (socket)
            {
                var buffer = new byte[4096];
                var text = new StringBuilder();
                while (await socket.ReceiveAsync(buffer) is var count and > 0)
                {
                    text.Append(Encoding.ASCII.GetString(buffer, 0, count));
                    for (int end; (end = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal)) >= 0;)
                    {
                        text.Remove(0, end + 4);
                        await socket.SendAsync(answer());
                        if (pattern == LoadPattern.Close)
                            return;
                    }
                }
            }
        }
    }
}
