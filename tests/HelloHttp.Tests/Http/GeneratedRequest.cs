using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace HelloHttp.Tests.Http;

/// <summary>How a generated request frames its content.</summary>
public enum BodyFraming
{
    None,
    Length,
    Chunked,
}

/// <summary>A valid request and, independently of the server's code, what it has to be answered.</summary>
/// <param name="Method">Method.</param>
/// <param name="Target">Target, in a form that the method takes.</param>
/// <param name="IsHttp10">Version.</param>
/// <param name="Fields">Field lines that mean nothing here.</param>
/// <param name="Framing">Framing.</param>
/// <param name="Body">Content; empty without framing.</param>
/// <param name="Chunks">Sizes to cut it to, in turn, if chunked.</param>
/// <param name="Trailers">Trailer field lines, if chunked.</param>
/// <param name="Connection">Value of Connection; empty for none.</param>
/// <param name="Expect">Value of Expect; empty for none.</param>
/// <param name="Style">Chooses the order and case of names and the white space.</param>
public sealed record GeneratedRequest(
    string Method,
    string Target,
    bool IsHttp10,
    string[] Fields,
    BodyFraming Framing,
    byte[] Body,
    int[] Chunks,
    string[] Trailers,
    string Connection,
    string Expect,
    int Style)
{
    private const string Line = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.\n";

    private static readonly string[] Known =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

    /// <summary>Whether the method is HEAD.</summary>
    public bool IsHead => Method == "HEAD";

    /// <summary>Whether the server will read the content before it answers.</summary>
    public bool IsReadWhole => Body.Length == 0 && Framing != BodyFraming.Chunked
        || IsHttp10 || Expect.Length == 0 || (Status < 400 && Expect != "more");

    /// <summary>Whether the answer has to say close.</summary>
    public bool Closes
    {
        get
        {
            var options = Connection.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries);
            return !IsReadWhole || options.Contains("close") || (IsHttp10 && !options.Contains("keep-alive"));
        }
    }

    /// <summary>The status that has to come.</summary>
    public int Status
    {
        get
        {
            if (Expect == "more" && !IsHttp10)
                return 417;
            if (!Known.Contains(Method))
                return 501;
            if (Target.StartsWith("https:", StringComparison.Ordinal))
                return 421;
            var path = Path;
            string[] allowed = path == "/echo" ? ["POST", "PUT", "PATCH", "OPTIONS"]
                : path == "/healthz" || path.StartsWith("/bytes/", StringComparison.Ordinal) ? ["GET", "HEAD", "OPTIONS"]
                : Known[..^1];
            return !allowed.Contains(Method) ? 405 : path == "/bytes/x" && Method != "OPTIONS" ? 404 : 200;
        }
    }

    /// <summary>The content that has to come with a 200; empty for HEAD.</summary>
    public byte[] Answer
    {
        get
        {
            if (Method is "OPTIONS" or "HEAD")
                return [];
            if (Path == "/echo")
                return Body;
            if (Path == "/healthz")
                return "ok\n"u8.ToArray();
            if (!Path.StartsWith("/bytes/", StringComparison.Ordinal))
                return "hello"u8.ToArray();
            var length = int.Parse(Path["/bytes/".Length..], CultureInfo.InvariantCulture);
            return [.. Enumerable.Range(0, length).Select(i => (byte)Line[i % 64])];
        }
    }

    private string Path
    {
        get
        {
            var authority = Target.IndexOf("//", StringComparison.Ordinal);
            var path = authority < 0 ? Target : Target[(authority + 2)..];
            var slash = path.IndexOf('/', StringComparison.Ordinal);
            return (slash < 0 ? "/" : path[slash..]).Split('?')[0].Replace("%63", "c", StringComparison.Ordinal);
        }
    }

    /// <summary>Valid requests.</summary>
    public static Gen<GeneratedRequest> Generator { get; } =
        from method in Gen.Frequency((6, Gen.Elements("GET", "POST")), (4, Gen.Elements([.. Known, "BREW"])))
        from target in Gen.Frequency(
            (3, Gen.Constant("/")),
            (4, Gen.Elements("/echo", "/echo?x", "/e%63ho", "http://a/echo")),
            (3, Gen.Elements(
                "/bytes/0", "/bytes/70", "/bytes/3000", "/bytes/x", "/healthz", "/a/b?c=%20d",
                "http://[::1]:80", "http://a.b:8/healthz", "https://a/")))
        from isHttp10 in Gen.Frequency((9, Gen.Constant(false)), (1, Gen.Constant(true)))
        from fields in Few(
            "X: y", "Accept: */*", "Cookie: a=b; c=\"d\"", "X-Empty:", "User-Agent: \u00fc (x; y)", "Content_Length: 5", "TE: chunked")
        from framing in Gen.Frequency(
            (1, Gen.Constant(BodyFraming.None)),
            (1, Gen.Constant(BodyFraming.Length)),
            (2, Gen.Constant(isHttp10 ? BodyFraming.Length : BodyFraming.Chunked)))
        from size in framing == BodyFraming.None
            ? Gen.Constant(0)
            : Gen.Frequency((1, Gen.Constant(0)), (6, Gen.Choose(0, 40)), (2, Gen.Choose(1000, 5000)))
        from body in Content(size)
        from chunks in Gen.ArrayOf(
            Gen.Frequency((2, Gen.Choose(1, 4)), (1, Gen.Choose(5, 20)), (1, Gen.Choose(1, 3000))), 3)
        from trailers in Few("X-Sum: 1", "Y:")
        from connection in Gen.Frequency(
            (14, Gen.Constant("")),
            (3, Gen.Elements("keep-alive", "Keep-Alive, x")),
            (1, Gen.Elements("close", "x, CLOSE")))
        from expect in Gen.Frequency((12, Gen.Constant("")), (2, Gen.Constant("100-continue")), (1, Gen.Constant("more")))
        from style in Gen.Choose(0, 1000)
        select new GeneratedRequest(method, target, isHttp10, fields, framing, body, chunks, trailers, connection, expect, style);

    /// <summary>The request's bytes.</summary>
    public byte[] Print()
    {
        var lines = new List<string>(Fields) { Name("Host") + Space() + "a.example:8000" };
        if (Framing == BodyFraming.Length)
            lines.Insert(Style % lines.Count, Name("Content-Length") + Space() + Body.Length.ToString(CultureInfo.InvariantCulture));
        if (Framing == BodyFraming.Chunked)
            lines.Insert(Style % lines.Count, Name("Transfer-Encoding") + Space() + (Style % 2 == 0 ? "chunked" : "Chunked "));
        if (Connection.Length > 0)
            lines.Insert(Style / 3 % lines.Count, Name("Connection") + Space() + Connection);
        if (Expect.Length > 0)
            lines.Insert(Style / 5 % lines.Count, Name("Expect") + Space() + Expect);
        var head = $"{(Style % 7 == 0 ? "\r\n" : "")}{Method} {Target} HTTP/1.{(IsHttp10 ? 0 : 1)}\r\n"
            + string.Concat(lines.Select(line => line + "\r\n")) + "\r\n";
        var bytes = new List<byte>(Encoding.Latin1.GetBytes(head));
        if (Framing == BodyFraming.Chunked)
            PrintChunks(bytes);
        else
            bytes.AddRange(Body);
        return [.. bytes];
    }

    /// <inheritdoc/>
    public override string ToString() => Encoding.Latin1.GetString(Print());

    private void PrintChunks(List<byte> bytes)
    {
        var turn = 0;
        for (var at = 0; at < Body.Length;)
        {
            var n = Math.Min(Chunks[turn++ % Chunks.Length], Body.Length - at);
            var extension = (Style + turn) % 4 == 0 ? ";a=\"b;\\\"c\" ; d" : "";
            var size = n.ToString(Style % 2 == 0 ? "x" : "X3", CultureInfo.InvariantCulture);
            bytes.AddRange(Encoding.Latin1.GetBytes(size + extension + "\r\n"));
            bytes.AddRange(Body.AsSpan(at, n));
            bytes.AddRange("\r\n"u8);
            at += n;
        }

        bytes.AddRange(Encoding.Latin1.GetBytes("0\r\n" + string.Concat(Trailers.Select(line => line + "\r\n")) + "\r\n"));
    }

    private string Name(string name) => (Style % 3) switch
    {
        0 => name,
        1 => name.ToLowerInvariant(),
        _ => name.ToUpperInvariant(),
    };

    private string Space() => (Style % 4) switch
    {
        0 => ":",
        1 => ": ",
        2 => ":\t ",
        _ => ":  ",
    };

    private static Gen<string[]> Few(params string[] lines) =>
        from count in Gen.Choose(0, 3)
        from chosen in Gen.ArrayOf(Gen.Elements(lines), count)
        select chosen;

    // Content that looks like a request, so that a server that loses count answers it; no CR, so that a piece of it cannot be one.
    private static Gen<byte[]> Content(int size) =>
        from seed in Gen.Choose(0, 100)
        select Enumerable.Range(seed, size).Select(i => (byte)"GET /smuggled HTTP/1.1 Host: a \0\u00ff"[i % 33]).ToArray();
}
