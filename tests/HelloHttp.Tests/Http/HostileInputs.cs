using System.Text;

namespace HelloHttp.Tests.Http;

/// <summary>One row: what a client sends, and what has to come of it.</summary>
/// <param name="Name">What is wrong, or surprising, with it.</param>
/// <param name="Raw">The bytes, one character each (Latin-1).</param>
/// <param name="Expected">
/// The status codes in order, <c>h</c> behind one that answers HEAD and so has no content; then how it ends: <c>open</c> (the
/// server waits for the next request), <c>waits</c> (it waits for the rest of this one), <c>close</c> (the last response says so
/// and the server closes), <c>cut</c> (the server closes in the middle of the last response, whose status is not listed).
/// </param>
/// <param name="Section">The rule.</param>
public sealed record HostileInput(string Name, string Raw, string Expected, string Section)
{
    /// <summary>The bytes.</summary>
    public byte[] Bytes => Encoding.Latin1.GetBytes(Raw);

    /// <summary>The expected status codes, without the marks for HEAD.</summary>
    public int[] Statuses => [.. from word in Words[..^1] select int.Parse(word.TrimEnd('h'), null)];

    /// <summary>For each final response, whether it answers HEAD.</summary>
    public bool[] Heads => [.. from word in Words[..^1] where word != "100" select word.EndsWith('h')];

    /// <summary>How it ends: open, waits, close or cut.</summary>
    public string End => Words[^1];

    private string[] Words => Expected.Split(' ');

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// What hostile and broken clients send, under the default limits, with the outcome that the RFCs, or where they leave a choice
/// the stricter reading, demand. To be run over the protocol object and over sockets alike; the outcome does not depend on how
/// the bytes are cut.
/// </summary>
public static partial class HostileInputs
{
    /// <summary>The end of a head with the least that HTTP/1.1 asks for.</summary>
    private const string Host = "Host: a\r\n";

    private const string Get = "GET / HTTP/1.1\r\n" + Host;

    private const string Post = "POST / HTTP/1.1\r\n" + Host;

    private const string Echo = "POST /echo HTTP/1.1\r\n" + Host;

    private const string Chunked = "Transfer-Encoding: chunked\r\n";

    /// <summary>A request that would be answered if the bytes before it were not taken for what they are.</summary>
    private const string Next = Get + "\r\n";

    /// <summary>All rows.</summary>
    public static IEnumerable<HostileInput> All => [.. RequestLines, .. Fields, .. Framing, .. Chunks, .. Semantics];

    /// <summary>The row of this name.</summary>
    public static HostileInput Find(string name) => All.Single(row => row.Name == name);

    /// <summary>All names, for a theory.</summary>
    public static IEnumerable<object[]> Names => from row in All select new object[] { row.Name };

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
