using System.Net.Sockets;
using HelloHttp.Tests.Http;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>The table of hostile inputs over real connections.</summary>
public sealed class HostileInputSocketTests
{
    public static TheoryData<string> All => Servers.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Every_hostile_input_has_its_outcome(string name)
    {
        await using var server = new TestServer(name);
        var wrong = new List<string>();
        foreach (var row in HostileInputs.All)
        {
            var outcome = await SendAsync(server, row);
            if (outcome != Expected(row))
                wrong.Add($"{row.Name}: {outcome} in place of {Expected(row)}");
        }

        Assert.Empty(wrong);
        await TestServer.Until(() => server.OpenConnections == 0, "all connections end");
    }

    private static async Task<string> SendAsync(TestServer server, HostileInput row)
    {
        using var socket = await server.ConnectAsync();
        var answers = socket.ReadToEndAsync();
        try
        {
            await socket.SendAllAsync(row.Bytes);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown or SocketError.NotConnected)
        {
            // A refusal ends the connection while the client still sends; it must arrive all the same.
        }

        var reader = new StrictResponseReader();
        foreach (var head in row.Heads)
            reader.Sent(head);
        try
        {
            reader.Read(await answers);
        }
        catch (ResponseFormatException e)
        {
            return e.Message;
        }

        return Outcome(reader.Responses.Select(r => r.Status), reader.IsInResponse ? "cut" : reader.IsOver ? "close" : "open");
    }

    // A client that has sent its part and ends cannot tell whether the server waits for more of a request or for the next.
    private static string Expected(HostileInput row) => Outcome(row.Statuses, row.End == "waits" ? "open" : row.End);

    // Whether there is an interim response depends on what has arrived (RFC 9110 section 10.1.1).
    private static string Outcome(IEnumerable<int> statuses, string end) =>
        string.Join(' ', [.. statuses.Where(s => s != 100).Select(s => s.ToString(System.Globalization.CultureInfo.InvariantCulture)), end]);
}
