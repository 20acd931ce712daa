using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace HelloHttp.Tests.Http;

/// <summary>The table of hostile inputs as docs/hostile-inputs.md shows it.</summary>
public class HostileInputTableTests
{
    /// <summary>Set to write the document in place of comparing it.</summary>
    private const string Write = "HELLOHTTP_WRITE_DOCS";

    private const int LongestShown = 100;

    [Fact]
    public void The_document_shows_the_table_that_is_tested()
    {
        var document = Path.Combine(Root(), "docs", "hostile-inputs.md");
        var table = Render();
        if (Environment.GetEnvironmentVariable(Write) is { Length: > 0 })
            File.WriteAllText(document, table);
        Assert.True(File.ReadAllText(document) == table, $"{document} is out of date: run this test with {Write}=1.");
    }

    private static string Render()
    {
        var text = new StringBuilder()
            .Append("# Hostile and broken requests, and what comes of them\n\n")
            .Append("Each row is sent to a HelloHttp with its default limits: to the protocol object whole, in single bytes and with the\n")
            .Append("least room for answers, and over real connections to every architecture on every backend. The outcome is the status\n")
            .Append("codes in order (`h`: the answer to HEAD, without content), then how it ends: `open` (the next request is awaited),\n")
            .Append("`waits` (the rest of this one is), `close` (the last response says so), `cut` (closed in the middle of a response that\n")
            .Append("had begun). A test holds this page to the table in tests/HelloHttp.Tests/Http.\n\n")
            .Append("| what it is | sent | outcome | rule |\n| --- | --- | --- | --- |\n");
        foreach (var row in HostileInputs.All)
            text.Append("| ").Append(Cell(row.Name)).Append(" | `").Append(Sent(row.Raw)).Append("` | ").Append(row.Expected).Append(" | ").Append(row.Section).Append(" |\n");
        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Sent(string raw)
    {
        var shown = new StringBuilder();
        foreach (var c in raw.AsSpan(0, Math.Min(raw.Length, LongestShown)))
        {
            shown.Append(c switch
            {
                '\r' => "\\r",
                '\n' => "\\n",
                '|' => "\\|",
                '`' => "\\x60",
                >= ' ' and < '\x7f' => c.ToString(),
                _ => $"\\x{(int)c:x2}",
            });
        }

        return raw.Length > LongestShown ? $"{shown}… ({raw.Length} bytes)" : shown.ToString();
    }

    private static string Root([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
