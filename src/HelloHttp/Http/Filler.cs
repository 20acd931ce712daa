namespace HelloHttp.Http;

/// <summary>
/// The content of <c>/bytes/N</c>: lines of 63 characters and LF, so that a lost or doubled piece shows.
/// </summary>
internal static class Filler
{
    private const int Period = 64;

    private static readonly byte[] Block = Build();

    /// <summary>Fills the room with the content from a position on.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="position">Position of the first byte within the content.</param>
    public static void Fill(Span<byte> output, long position)
    {
        var offset = (int)(position % Period);
        while (!output.IsEmpty)
        {
            var n = Math.Min(output.Length, Block.Length - offset);
            Block.AsSpan(offset, n).CopyTo(output);
            output = output[n..];
            offset = 0;
        }
    }

    private static byte[] Build()
    {
        var line = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.\n"u8;
        var block = new byte[64 * Period];
        for (var i = 0; i < block.Length; i++)
            block[i] = line[i % Period];
        return block;
    }
}
