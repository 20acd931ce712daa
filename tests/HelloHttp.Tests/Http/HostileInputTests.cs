using System.Text;
using HelloHttp.Http;
using Xunit;

namespace HelloHttp.Tests.Http;

/// <summary>The table of hostile inputs over the protocol object: whole, cut into bytes, and with the least output room.</summary>
public class HostileInputTests
{
    private static readonly byte[] Interim = "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray();

    public static IEnumerable<object[]> Rows => HostileInputs.Names;

    [Fact]
    public void The_table_has_at_least_150_rows_and_no_name_twice()
    {
        Assert.True(HostileInputs.All.Count() >= 150);
        Assert.Equal(HostileInputs.All.Count(), HostileInputs.All.Select(row => row.Name).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_hostile_input_has_its_outcome(string name)
    {
        var row = HostileInputs.Find(name);
        var input = row.Bytes;
        var whole = Check(row, Http1Driver.Run(input));
        foreach (var (piece, room) in new[] { (1, 64 * 1024), (1, Http1.MinOutput), (7, 1000), (input.Length + 1, Http1.MinOutput) })
            Assert.Equal(whole, Check(row, Http1Driver.Run(input, piece, room)));
    }

    // Returns what was sent, without interim responses: those depend on what has arrived (RFC 9110 section 10.1.1).
    private static string Check(HostileInput row, Outcome outcome)
    {
        var sent = Encoding.Latin1.GetString(outcome.Output);
        var reader = new StrictResponseReader();
        foreach (var head in row.Heads)
            reader.Sent(head);
        reader.Read(outcome.Output);
        var expectsInterim = row.Statuses.Contains(100);
        var statuses = reader.Responses.Select(response => response.Status).Where(status => expectsInterim || status != 100);
        Assert.Equal(row.Statuses, statuses);
        Assert.Equal(row.End, (outcome.Closed, reader.IsInResponse, outcome.Phase) switch
        {
            (true, true, _) => "cut",
            (true, false, _) => "close",
            (false, _, Phase.Idle) => "open",
            _ => "waits",
        });
        Assert.Equal(row.End == "close", reader.IsOver);
        if (row.End != "cut")
            Assert.Equal(row.Heads.Length, outcome.Requests);
        return sent.Replace(Encoding.Latin1.GetString(Interim), "", StringComparison.Ordinal);
    }
}
