using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace HelloHttp.Tests.Server;

/// <summary>A client's whole side of a conversation, and how its bytes are cut.</summary>
/// <param name="Bytes">Pipelined requests, the last of which ends the connection or is followed by a half-close.</param>
/// <param name="Cuts">Where one send ends and the next begins.</param>
/// <param name="LeavesAfter">After how many bytes the client closes without reading; null if it stays to the end.</param>
public sealed record RequestStream(byte[] Bytes, int[] Cuts, int? LeavesAfter)
{
    /// <summary>What FsCheck prints of a failure.</summary>
    public override string ToString() =>
        $"{Bytes.Length} bytes, cut at [{string.Join(' ', Cuts)}], leaves after {LeavesAfter?.ToString() ?? "the end"}: "
        + Encoding.Latin1.GetString(Bytes.AsSpan(0, Math.Min(Bytes.Length, 2000)));
}

/// <summary>Generates <see cref="RequestStream"/>s for FsCheck.</summary>
public static class RequestStreams
{
    /// <summary>Found by FsCheck.</summary>
    public static Arbitrary<RequestStream> Streams() => Arb.From(Stream);

    private static Gen<int> Size => Gen.Frequency(
        (6, Gen.Choose(0, 2_000)),
        (3, Gen.Choose(2_000, 70_000)),
        (1, Gen.Choose(70_000, 1024 * 1024)));

    private static Gen<byte[]> Request => Gen.OneOf(
        Gen.Constant("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray()),
        Gen.Constant("HEAD /x?y HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"u8.ToArray()),
        Gen.Constant("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"u8.ToArray()),
        Gen.Constant("DELETE /bytes/5 HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray()),
        Size.Select(n => RawClient.Bytes($"GET /bytes/{n} HTTP/1.1\r\nHost: a\r\n\r\n")),
        from n in Size
        from seed in Gen.Choose(0, int.MaxValue)
        select Concat(
            RawClient.Bytes($"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {n}\r\n\r\n"), Content(n, seed)),
        from sizes in Size.ListOf(3)
        from seed in Gen.Choose(0, int.MaxValue)
        select Chunked(sizes.Where(n => n > 0), seed));

    private static Gen<byte[]> End => Gen.Elements(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray(),
        "GET /end HTTP/1.0\r\n\r\n"u8.ToArray(),
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"u8.ToArray(),
        "GET / HTTP/1.1\r\n\r\n"u8.ToArray(),
        "what is this\r\n\r\n"u8.ToArray(),
        []);

    private static Gen<RequestStream> Stream =>
        from count in Gen.Choose(0, 12)
        from requests in Request.ListOf(count)
        from end in End
        let bytes = Concat([.. requests, end])
        from cutCount in Gen.Choose(0, 12)
        from cuts in Gen.Choose(0, Math.Max(1, bytes.Length)).ListOf(cutCount)
        from stays in Gen.Frequency((4, Gen.Constant(true)), (1, Gen.Constant(false)))
        from leaves in Gen.Choose(0, bytes.Length)
        select new RequestStream(bytes, [.. cuts], stays ? null : leaves);

    private static byte[] Content(int length, int seed)
    {
        var bytes = new byte[length];
        new System.Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Chunked(IEnumerable<int> sizes, int seed)
    {
        using var all = new MemoryStream();
        all.Write("PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"u8);
        foreach (var size in sizes)
            all.Write([.. RawClient.Bytes($"{size:X}\r\n"), .. Content(size, seed), .. "\r\n"u8]);
        all.Write("0\r\n\r\n"u8);
        return all.ToArray();
    }

    private static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(p => p)];
}
