namespace HelloHttp.Hosting;

/// <summary>Writing where nobody may be reading.</summary>
internal static class Output
{
    /// <summary>Writes a line, or not: a server whose output has been closed or is on a full disk goes on serving.</summary>
    /// <param name="writer">Standard output or standard error.</param>
    /// <param name="line">The line.</param>
    internal static void TryWriteLine(this TextWriter writer, string line)
    {
        try
        {
            writer.WriteLine(line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // .NET's word for a descriptor that is closed is the second.
        }
    }
}
