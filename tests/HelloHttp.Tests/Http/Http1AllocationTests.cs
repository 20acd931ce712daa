using System.Text;
using HelloHttp.Http;
using Mux.Contract.Kernel;
using Xunit;

namespace HelloHttp.Tests.Http;

/// <summary>The budget of the warm path: no allocation, whatever is asked.</summary>
public class Http1AllocationTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n")]
    [InlineData("GET / HTTP/1.0\r\nConnection: keep-alive\r\nUser-Agent: x\r\n\r\n")]
    [InlineData("HEAD /healthz HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n")]
    [InlineData("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")]
    [InlineData("POST /e%63ho HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nX: y\r\n\r\n")]
    [InlineData("GET http://a.b/bytes/1000 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("BREW /pot HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n")]
    public void A_warm_request_allocates_nothing(string request)
    {
        const int Rounds = 2000;
        var whole = Encoding.ASCII.GetBytes(request);
        var half = whole.Length / 2;
        var room = new byte[4096];
        var http = new Http1(Http1Driver.Service);
        Play(100);
        Assert.Equal(0, Allocation.Least(1, () => Play(Rounds)));
        Assert.InRange(http.Requests, 2 * (100 + Rounds), long.MaxValue);

        void Play(int rounds)
        {
            for (var round = 0; round < rounds; round++)
            {
                var kept = Offer(whole.AsSpan(0, half));
                Assert.True(Offer(whole.AsSpan(half - kept)) == 0);
                Assert.True(Offer(whole) == 0);
            }
        }

        int Offer(ReadOnlySpan<byte> input)
        {
            var exchange = new Exchange(input, room);
            while (http.Advance(ref exchange, Http1Driver.Date) == Step.Send)
                exchange.Output = room;
            return exchange.Input.Length;
        }
    }

    [Fact]
    public void Any_refusal_allocates_nothing()
    {
        var inputs = HostileInputs.All.Select(row => row.Bytes).Where(bytes => bytes.Length < 4000).ToArray();
        var room = new byte[64 * 1024];
        var http = new Http1(Http1Driver.Service);
        Play();
        Assert.Equal(0, Allocation.Least(1, Play));

        void Play()
        {
            foreach (var input in inputs)
            {
                http.Reset();
                var exchange = new Exchange(input, room);
                while (http.Advance(ref exchange, Http1Driver.Date) == Step.Send)
                    exchange.Output = room;
            }
        }
    }
}
