namespace HelloHttp.Tests.Http;

/// <summary>A response as <see cref="StrictResponseReader"/> has found it.</summary>
/// <param name="Status">Status code; 100 for an interim response.</param>
/// <param name="Fields">Names and values in their order.</param>
/// <param name="Closes">Whether it is the last one.</param>
/// <param name="ContentLength">The announced length; null when chunked.</param>
/// <param name="BodyLength">Bytes of content that came.</param>
/// <param name="Body">The content; empty when the reader was told to drop it.</param>
public sealed record StrictResponse(
    int Status,
    IReadOnlyList<KeyValuePair<string, string>> Fields,
    bool Closes,
    long? ContentLength,
    long BodyLength,
    byte[] Body)
{
    /// <summary>The value of a field that occurs once, or null.</summary>
    public string? Field(string name) => (from field in Fields where field.Key == name select field.Value).SingleOrDefault();
}

/// <summary>The server has sent what it must not send.</summary>
public sealed class ResponseFormatException(string message) : Exception(message);
