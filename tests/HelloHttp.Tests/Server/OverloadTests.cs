using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>More connections than there are places.</summary>
public sealed class OverloadTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    public static TheoryData<string> Loops => Servers.Loops;

    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Told_to_refuse_it_answers_503_and_closes_while_those_who_are_in_are_served(string name)
    {
        await using var server = new TestServer(name, Full);
        using var first = await server.ConnectAsync();
        await first.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadResponseAsync(), StringComparison.Ordinal);
        for (var i = 0; i < 3; i++)
        {
            using var refused = await server.ConnectAsync();
            if (i > 0)
                await refused.SendAsync(Get);
            var answer = await refused.ReadTextToEndAsync();
            Assert.StartsWith("HTTP/1.1 503 ", answer, StringComparison.Ordinal);
            Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
        }

        await first.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadResponseAsync(), StringComparison.Ordinal);
        Assert.Equal(3, server.Sum(c => c.Overloaded));
        first.Dispose();
        await TestServer.Until(() => server.OpenConnections == 0, "the place is free");
        using var next = await server.ConnectAsync();
        await next.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 200 ", await next.ReadResponseAsync(), StringComparison.Ordinal);
    }

    /// <summary>A loop that is woken for nothing has no place to take from the one that was woken for somebody.</summary>
    [Theory]
    [MemberData(nameof(Loops))]
    public async Task The_last_place_is_never_held_for_nobody(string name)
    {
        await using var server = new TestServer(name, o =>
        {
            Full(o);
            o.Workers = 4;
        });
        for (var i = 0; i < 200; i++)
        {
            using (var only = await server.ConnectAsync())
            {
                await only.SendAsync(Get);
                Assert.StartsWith("HTTP/1.1 200 ", await only.ReadResponseAsync(), StringComparison.Ordinal);
            }

            await TestServer.Until(() => server.OpenConnections == 0, "the place is free");
        }
    }

    /// <summary>Connection objects are used again; what one remembers of a connection that was served is nothing to the next.</summary>
    [Theory]
    [MemberData(nameof(Loops))]
    public async Task Who_is_refused_by_an_object_that_has_served_sees_the_answer_and_no_reset(string name)
    {
        await using var server = new TestServer(name, o =>
        {
            Full(o);
            o.Workers = 1;
        });
        for (var round = 0; round < 4; round++)
        {
            using var served = await server.ConnectAsync();
            await served.SendAsync(Get);
            Assert.StartsWith("HTTP/1.1 200 ", await served.ReadResponseAsync(), StringComparison.Ordinal);
            using var refused = await server.ConnectAsync();
            await refused.SendAsync(Get);
            Assert.StartsWith("HTTP/1.1 503 ", await refused.ReadTextToEndAsync(), StringComparison.Ordinal);

            // Who ends last is used first: each object has either part.
            (round % 2 == 0 ? served : refused).Dispose();
            await TestServer.Until(() => server.OpenConnections == 1, "one is gone");
            (round % 2 == 0 ? refused : served).Dispose();
            await TestServer.Until(() => server.OpenConnections == 0, "the place is free");
        }
    }

    [Fact]
    public async Task A_pool_of_threads_told_to_refuse_answers_503_as_well()
    {
        await using var server = new TestServer("threadpool", Full);
        using var first = await server.ConnectAsync();
        await first.SendAsync(Get);
        await first.ReadResponseAsync();
        using var refused = await server.ConnectAsync();
        await refused.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 503 ", await refused.ReadTextToEndAsync(), StringComparison.Ordinal);
        await first.SendAsync(Get);
        Assert.StartsWith("HTTP/1.1 200 ", await first.ReadResponseAsync(), StringComparison.Ordinal);
    }

    private static void Full(Configuration.ServerOptions options)
    {
        options.MaxConnections = 1;
        options.RefusesWhenFull = true;
    }
}
