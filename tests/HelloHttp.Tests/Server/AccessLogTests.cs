using System.Text;
using System.Text.Json;
using HelloHttp.Hosting;
using HelloHttp.Http;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>A line for each request, and never more memory than was set aside for them.</summary>
public sealed class AccessLogTests
{
    [Theory]
    [InlineData("eager")]
    [InlineData("prefork")]
    public async Task Every_request_has_its_line_in_the_common_format(string architecture)
    {
        var lines = await LinesAsync(architecture, "common");
        Assert.Equal(4, lines.Length);
        Assert.Matches(@"^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] ""GET /a\\x22b HTTP/1\.1"" 400 \d+ \d+$", lines[1]);
        Assert.Contains("\"GET / HTTP/1.1\" 200 5 ", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"POST /echo HTTP/1.1\" 200 3 ", lines[2], StringComparison.Ordinal);
        Assert.Contains("\"-\" 400 ", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_request_has_its_line_in_JSON()
    {
        var lines = await LinesAsync("eager", "json");
        var entries = lines.Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal([200, 400, 200, 400], entries.Select(e => e.GetProperty("http.response.status_code").GetInt32()));
        Assert.Equal("GET /a\"b HTTP/1.1", entries[1].GetProperty("request").GetString());
        Assert.Equal(nameof(Refusal.BadTarget), entries[1].GetProperty("refusal").GetString());
        Assert.Equal(3, entries[2].GetProperty("http.request.body.size").GetInt64());
        Assert.All(entries, e => Assert.True(e.GetProperty("duration_us").GetInt64() >= 0));
    }

    [Fact]
    public void A_buffer_that_nobody_empties_drops_lines_and_counts_them()
    {
        var buffer = new AccessLogBuffer(json: false);
        var line = new byte[1000];
        Array.Fill(line, (byte)'x');
        const int Lines = 5000;
        for (var i = 0; i < Lines; i++)
            buffer.Write(new AccessLogEntry { RequestLine = line });
        var text = Encoding.ASCII.GetString(buffer.Swap().Span);
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        Assert.Equal(Lines, text.Count(c => c == '\n') + buffer.Dropped);
        Assert.InRange(buffer.Dropped, 1, Lines - 1);

        buffer.Write(new AccessLogEntry { RequestLine = line });
        Assert.False(buffer.Swap().IsEmpty);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_one_line_at_start()
    {
        using var server = ServerProcess.Start(["--port", "0", "--access-log", "/no such directory/log"]);
        var (exitCode, output, errors) = await server.ExitAsync();
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains("--access-log", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    private static async Task<string[]> LinesAsync(string architecture, string format)
    {
        var file = Path.Combine(Path.GetTempPath(), $"hello-{Guid.NewGuid():N}.log");
        try
        {
            using var server = await ServerProcess.ServeAsync(
                "--port", "0", "--host", "127.0.0.1", "--workers", "1", "--architecture", architecture, "--access-log", file,
                "--access-log-format", format);
            await AskAsync(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            await AskAsync(server, "GET /a\"b HTTP/1.1\r\nHost: a\r\n\r\n");
            await AskAsync(server, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
            await AskAsync(server, "GET / HT\nTP");
            server.Signal("TERM");
            Assert.Equal(0, (await server.ExitAsync()).ExitCode);
            return await File.ReadAllLinesAsync(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task AskAsync(ServerProcess server, string request)
    {
        using var socket = await server.ConnectAsync();
        await socket.SendAsync(request);
        await socket.ReadResponseAsync();
    }
}
