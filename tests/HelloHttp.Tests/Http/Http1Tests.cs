using System.Text;
using HelloHttp.Http;
using Xunit;

namespace HelloHttp.Tests.Http;

/// <summary>What a driver relies on: phases, limits, draining, refusing, back-pressure, reuse.</summary>
public class Http1Tests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private readonly byte[] _room = new byte[64 * 1024];
    private readonly Recorder _recorder = new();

    [Fact]
    public void A_greeting_is_what_the_rfc_says_octet_by_octet()
    {
        Assert.Equal(
            "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 12:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
            Text(Http1Driver.Run(Encoding.ASCII.GetBytes(Get))));
    }

    [Fact]
    public void The_phase_tells_which_timeout_holds()
    {
        var http = New();
        Assert.Equal(Phase.Idle, http.Phase);
        Advance(http, "\r\n", Step.Receive);
        Assert.Equal(Phase.Idle, http.Phase);
        Advance(http, "P", Step.Receive);
        Assert.Equal(Phase.Head, http.Phase);
        Advance(http, "POST / HTTP/1.1\r\n", Step.Receive);
        Assert.Equal(Phase.Head, http.Phase);
        Advance(http, "Host: a\r\nContent-Length: 2\r\n\r\n", Step.Receive);
        Assert.Equal(Phase.Body, http.Phase);
        Advance(http, "a", Step.Receive);
        Assert.Equal((Phase.Body, 1), (http.Phase, http.BodyReceived));
        Advance(http, "b", Step.Send);
        Assert.Equal((Phase.Idle, 1), (http.Phase, http.Requests));
        Advance(http, "GET /bytes/99999999 HTTP/1.1\r\nHost: a\r\n\r\n", Step.Send);
        Assert.Equal(Phase.Response, http.Phase);
    }

    [Fact]
    public void Part_of_a_line_is_left_in_the_input_and_whole_lines_are_not()
    {
        var http = New();
        var exchange = new Exchange("GET / HTTP/1.1\r\nHost: a\r\nX-Long: abc"u8, _room);
        Assert.Equal(Step.Receive, http.Advance(ref exchange, Http1Driver.Date));
        Assert.True(exchange.Input.SequenceEqual("X-Long: abc"u8));
        exchange = new Exchange("X-Long: abcdef\r\n\r"u8, _room);
        Assert.Equal(Step.Receive, http.Advance(ref exchange, Http1Driver.Date));
        Assert.True(exchange.Input.SequenceEqual("\r"u8));
        exchange = new Exchange("\r\n"u8, _room);
        Assert.Equal(Step.Send, http.Advance(ref exchange, Http1Driver.Date));
        Assert.True(exchange.Input.IsEmpty);
    }

    [Fact]
    public void No_byte_of_a_slow_line_is_looked_at_twice()
    {
        var line = Encoding.ASCII.GetBytes("X: " + new string('y', 20_000));
        var scanned = 0;
        for (var n = 1; n <= line.Length; n++)
        {
            Assert.Equal(LineStatus.Incomplete, Line.Read(line.AsSpan(0, n), ref scanned, 30_000, out _));
            Assert.Equal(n, scanned);
            if (n > 1)
                line[n - 2] = 0; // would be refused, were it read again
        }
    }

    [Fact]
    public void Pipelined_answers_leave_in_one_send()
    {
        var http = New();
        var written = Advance(http, string.Concat(Enumerable.Repeat(Get, 100)), Step.Send);
        Assert.Equal(100, http.Requests);
        Assert.Equal(100, Read(written).Responses.Count);
        Advance(http, "", Step.Receive);
    }

    [Fact]
    public void Nothing_more_is_read_while_the_output_is_full()
    {
        var http = New();
        var input = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Get, 100_000)));
        var exchange = new Exchange(input, _room);
        Assert.Equal(Step.Send, http.Advance(ref exchange, Http1Driver.Date));
        Assert.True(exchange.Output.Length < Http1.MinOutput);
        Assert.True(input.Length - exchange.Input.Length < _room.Length);
    }

    [Fact]
    public void Bytes_come_in_full_number_and_in_order_over_any_room()
    {
        var small = Http1Driver.Run("GET /bytes/100000 HTTP/1.0\r\n\r\n"u8, 1, Http1.MinOutput + 1);
        var response = Assert.Single(Read(small.Output).Responses);
        var line = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.\n"u8.ToArray();
        Assert.Equal(Enumerable.Range(0, 100_000).Select(i => line[i % 64]), response.Body);
    }

    [Fact]
    public void Eight_billion_bytes_are_announced_and_begun_without_being_held()
    {
        var http = New();
        var written = Advance(http, "GET /bytes/8000000000 HTTP/1.1\r\nHost: a\r\n\r\n", Step.Send);
        Assert.Contains("Content-Length: 8000000000\r\n", written, StringComparison.Ordinal);
        Assert.Equal(_room.Length, written.Length);
        Assert.Equal(_room.Length, Advance(http, "", Step.Send).Length);
    }

    [Fact]
    public void A_long_greeting_goes_out_in_pieces()
    {
        var body = new string('x', 100_000);
        var service = new HttpService(new HttpLimits(), Encoding.ASCII.GetBytes(body));
        var input = Encoding.ASCII.GetBytes(Get + "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + Get);
        var outcome = Http1Driver.Run(input, input.Length, 1000, service);
        var reader = new StrictResponseReader();
        foreach (var head in new[] { false, true, false })
            reader.Sent(head);
        reader.Read(outcome.Output);
        Assert.Equal([100_000, 0, 100_000], reader.Responses.Select(response => response.BodyLength));
    }

    [Fact]
    public void Without_a_limit_a_length_that_no_counter_holds_is_still_refused()
    {
        var http = new Http1(new HttpService(new HttpLimits { MaxBody = 0 }, "x"u8));
        var answer = Advance(http, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", Step.Close);
        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
    }

    /// <summary>RFC 9110 section 10.1.1 lets it be left out then; it would be a send more.</summary>
    [Fact]
    public void Content_that_is_there_is_not_asked_for()
    {
        const string Request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
        Assert.StartsWith("HTTP/1.1 100 ", Advance(new Http1(Http1Driver.Service), Request, Step.Send), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", Advance(new Http1(Http1Driver.Service), Request + "x", Step.Send), StringComparison.Ordinal);
    }

    [Fact]
    public void An_echo_beyond_the_default_limit_passes_when_the_limit_is_lifted()
    {
        const int Length = 40_000_000;
        var http = new Http1(new HttpService(new HttpLimits { MaxBody = 0 }, "x"u8));
        var reader = new StrictResponseReader { KeepBodies = false };
        reader.Read(Encoding.Latin1.GetBytes(Advance(http, $"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {Length}\r\n\r\nx", Step.Send)));
        var piece = new byte[_room.Length * 3];
        for (var sent = 1; sent < Length;)
        {
            var n = Math.Min(piece.Length, Length - sent);
            var exchange = new Exchange(piece.AsSpan(0, n), _room);
            while (http.Advance(ref exchange, Http1Driver.Date) == Step.Send)
            {
                reader.Read(_room.AsSpan(0, _room.Length - exchange.Output.Length));
                exchange.Output = _room;
            }

            Assert.True(exchange.Input.IsEmpty);
            sent += n;
        }

        Assert.Equal(Length, Assert.Single(reader.Responses).BodyLength);
    }

    [Fact]
    public void The_last_request_that_is_allowed_is_told_so()
    {
        var service = new HttpService(new HttpLimits { MaxRequests = 3 }, "x"u8);
        var outcome = Http1Driver.Run(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(Get, 5))), service);
        Assert.Equal([false, false, true], Read(outcome.Output).Responses.Select(response => response.Closes));
        Assert.True(outcome.Closed);
        Assert.True(outcome.Lingers);
    }

    [Fact]
    public void Limits_are_those_configured()
    {
        var service = new HttpService(
            new HttpLimits { MaxRequestLine = 20, MaxHeaderSection = 64, MaxFields = 2, MaxBody = 5, MaxChunkLine = 16 }, "x"u8);
        foreach (var (request, status) in new (string, int)[]
        {
            ("GET /abcdefgh HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: " + new string('y', 60) + "\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nX: y\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde", 200),
            ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\n", 413),
            ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;abcdefghijklmnop\r\n", 400),
        })
        {
            Assert.Equal(status, Assert.Single(Read(Http1Driver.Run(Encoding.ASCII.GetBytes(request), service).Output).Responses).Status);
        }
    }

    [Fact]
    public void Limits_that_allow_no_request_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new HttpService(new HttpLimits { MaxFields = 0 }, "x"u8));

    [Fact]
    public void While_draining_every_request_that_is_here_is_answered_and_the_last_says_close()
    {
        var http = New();
        Advance(http, Get, Step.Send);
        http.CloseAfterCurrent();
        var reader = Read(Advance(http, Get + Get + Get, Step.Close));
        Assert.Equal([false, false, true], reader.Responses.Select(response => response.Closes));
        Assert.False(http.LingerOnClose);
    }

    [Fact]
    public void While_draining_an_echo_says_close_unless_a_request_is_behind_it()
    {
        const string Echo = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        var http = New();
        http.CloseAfterCurrent();
        Assert.Equal([false, true], Read(Advance(http, Echo + Echo, Step.Close)).Responses.Select(response => response.Closes));
    }

    [Theory]
    [InlineData("GET / HTT", 408)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n", 408)]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", 408)]
    [InlineData("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3", 408)]
    [InlineData("", 0)]
    [InlineData("\r\n", 0)]
    public void A_timeout_is_answered_once_a_request_has_begun(string input, int status)
    {
        var http = New();
        Advance(http, input, Step.Receive);
        var exchange = new Exchange(default, _room);
        Assert.Equal(Step.Close, http.Refuse(ref exchange, Http1Driver.Date, Refusal.Timeout));
        var reader = Read(Encoding.Latin1.GetString(_room.AsSpan(0, _room.Length - exchange.Output.Length)));
        Assert.Equal(status == 0 ? [] : [status], reader.Responses.Select(response => response.Status));
        Assert.Equal(status != 0, reader.IsOver);
        Assert.Equal(Phase.Closed, http.Phase);
        Advance(http, Get, Step.Close);
    }

    [Fact]
    public void A_timeout_within_a_response_adds_nothing_to_it()
    {
        var http = New();
        Advance(http, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", Step.Send);
        var exchange = new Exchange(default, _room);
        Assert.Equal(Step.Close, http.Refuse(ref exchange, Http1Driver.Date, Refusal.Timeout));
        Assert.Equal(_room.Length, exchange.Output.Length);
        Assert.Equal(new ResponseSummary(Method.Post, Route.Echo, 200, Refusal.Timeout, false, 1, 1), Assert.Single(_recorder.Summaries));
    }

    [Fact]
    public void An_overloaded_server_can_say_so_before_any_request()
    {
        var http = New();
        var exchange = new Exchange(default, _room);
        http.Refuse(ref exchange, Http1Driver.Date, Refusal.Overloaded);
        var reader = Read(Encoding.Latin1.GetString(_room.AsSpan(0, _room.Length - exchange.Output.Length)));
        Assert.Equal(503, Assert.Single(reader.Responses).Status);
        Assert.True(reader.IsOver);
    }

    [Fact]
    public void Reset_makes_it_as_new()
    {
        var http = New();
        http.CloseAfterCurrent();
        Advance(http, "garbage\r\n", Step.Close);
        http.Reset();
        Assert.Equal((Phase.Idle, 0, Refusal.None, false), (http.Phase, http.Requests, http.LastRefusal, http.LingerOnClose));
        Assert.False(Assert.Single(Read(Advance(http, Get, Step.Send)).Responses).Closes);
    }

    [Fact]
    public void Too_little_room_is_an_error_and_not_an_endless_loop() => Assert.Throws<ArgumentException>(() =>
    {
        var exchange = new Exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8, new byte[10]);
        New().Advance(ref exchange, Http1Driver.Date);
    });

    [Fact]
    public void Every_head_fits_into_the_least_room()
    {
        foreach (var refusal in Enum.GetValues<Refusal>().Where(refusal => refusal != Refusal.None))
        {
            Assert.True(Http1Driver.Service[refusal].TryWrite(
                new byte[Http1.MinOutput], Http1Driver.Date, Persistence.KeepAlive, false, out _), refusal.ToString());
        }

        foreach (var persistence in Enum.GetValues<Persistence>())
            Assert.InRange(StreamedHead.Write(new byte[1000], Http1Driver.Date, long.MaxValue, persistence), 1, StreamedHead.MaxLength);
        foreach (var route in Enum.GetValues<Route>())
        {
            Assert.True(Http1Driver.Service.NotAllowed(route).TryWrite(
                new byte[Http1.MinOutput], Http1Driver.Date, Persistence.KeepAlive, false, out _), route.ToString());
        }
    }

    [Fact]
    public void The_date_changes_with_the_second_and_only_then()
    {
        var date = new HttpDate(Http1Driver.Noon);
        date.Update(Http1Driver.Noon.AddMilliseconds(999));
        Assert.Equal("Tue, 24 Nov 2026 12:00:00 GMT", Encoding.ASCII.GetString(date.Text));
        date.Update(Http1Driver.Noon.AddSeconds(1).ToOffset(TimeSpan.FromHours(9)));
        Assert.Equal("Tue, 24 Nov 2026 12:00:01 GMT", Encoding.ASCII.GetString(date.Text));
        date.Update(new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero));
        Assert.Equal("Sun, 06 Nov 1994 08:49:37 GMT", Encoding.ASCII.GetString(date.Text));
    }

    [Theory]
    [InlineData("/", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")]
    [InlineData("*", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")]
    [InlineData("/echo", "POST, PUT, PATCH, OPTIONS")]
    [InlineData("/bytes/5", "GET, HEAD, OPTIONS")]
    [InlineData("/healthz", "GET, HEAD, OPTIONS")]
    public void Options_tells_the_methods(string target, string allow)
    {
        var outcome = Http1Driver.Run(Encoding.ASCII.GetBytes($"OPTIONS {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
        Assert.Equal(allow, Assert.Single(Read(outcome.Output).Responses).Field("Allow"));
    }

    private Http1 New() => new(Http1Driver.Service, _recorder);

    private string Advance(Http1 http, string input, Step expected)
    {
        var exchange = new Exchange(Encoding.Latin1.GetBytes(input), _room);
        Assert.Equal(expected, http.Advance(ref exchange, Http1Driver.Date));
        return Encoding.Latin1.GetString(_room.AsSpan(0, _room.Length - exchange.Output.Length));
    }

    private static string Text(Outcome outcome) => Encoding.Latin1.GetString(outcome.Output);

    private static StrictResponseReader Read(string text) => Read(Encoding.Latin1.GetBytes(text));

    private static StrictResponseReader Read(byte[] bytes)
    {
        var reader = new StrictResponseReader();
        reader.Read(bytes);
        Assert.False(reader.IsInResponse);
        return reader;
    }
}
