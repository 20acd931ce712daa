using System.Buffers;

namespace HelloHttp.Architectures;

/// <summary>
/// Bytes of one connection that must outlive the buffers of its loop: half a head, an unsent answer. In pooled memory, and
/// only while there are any: an idle connection holds none.
/// </summary>
internal struct Parked
{
    private byte[]? _buffer;
    private int _start;
    private int _end;

    /// <summary>The bytes.</summary>
    internal readonly ReadOnlySpan<byte> Bytes => _buffer.AsSpan(_start, _end - _start);

    internal readonly bool IsEmpty => _buffer is null;

    /// <summary>Takes a copy. What was there before must be gone.</summary>
    /// <param name="bytes">The bytes; none is allowed and costs nothing.</param>
    internal void Park(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        _buffer = ArrayPool<byte>.Shared.Rent(bytes.Length);
        _start = 0;
        _end = bytes.Length;
        bytes.CopyTo(_buffer);
    }

    /// <summary>Drops bytes from the front, and the memory with the last of them.</summary>
    /// <param name="count">How many.</param>
    internal void Drop(int count)
    {
        _start += count;
        if (_start == _end)
            Release();
    }

    /// <summary>Copies the bytes to where they are needed and gives the memory back.</summary>
    /// <param name="destination">Where to; large enough.</param>
    /// <returns>How many.</returns>
    internal int Take(Span<byte> destination)
    {
        var bytes = Bytes;
        bytes.CopyTo(destination);
        Release();
        return bytes.Length;
    }

    internal void Release()
    {
        if (_buffer is null)
            return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
        _start = _end = 0;
    }
}
