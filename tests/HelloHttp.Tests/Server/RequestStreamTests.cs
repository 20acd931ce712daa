using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace HelloHttp.Tests.Server;

public sealed class RequestStreamTests
{
    public static TheoryData<string> Available => Servers.All;

    [Theory]
    [MemberData(nameof(Available))]
    public async Task Any_stream_of_requests_gets_the_bytes_that_the_protocol_says_however_it_is_cut(string backend)
    {
        await using var server = new TestServer(backend);
        var config = Config.QuickThrowOnFailure.WithMaxTest(100).WithArbitrary([typeof(RequestStreams)]);
        Prop.ForAll<RequestStream>(stream => Converse(server, stream).GetAwaiter().GetResult()).Check(config);
        await TestServer.Until(() => server.OpenConnections == 0, "all connections end");
    }

    private static async Task Converse(TestServer server, RequestStream stream)
    {
        using var socket = await server.ConnectAsync();
        if (stream.LeavesAfter is { } count)
        {
            await socket.SendInPiecesAsync(stream.Bytes[..count], stream.Cuts, shutdown: false);
            return;
        }

        var answers = socket.ReadToEndAsync();
        try
        {
            await socket.SendInPiecesAsync(stream.Bytes, stream.Cuts, shutdown: true);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // A refused request ends the connection while the client still sends; what was answered must arrive all the same.
        }

        var expected = ProtocolOracle.WithoutDates(ProtocolOracle.Answer(server.Service, stream.Bytes));
        var actual = ProtocolOracle.WithoutDates(await answers);
        Assert.True(actual.AsSpan().SequenceEqual(expected), Difference(expected, actual));
    }

    private static string Difference(byte[] expected, byte[] actual)
    {
        var at = expected.AsSpan().CommonPrefixLength(actual);
        return $"{actual.Length} bytes in place of {expected.Length}, different from byte {at} on.";
    }
}
