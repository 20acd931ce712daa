using Microsoft.Win32.SafeHandles;

namespace Mux.Contract.Kernel;

/// <summary>A non-blocking pipe(2).</summary>
internal sealed class PipeEnds : IDisposable
{
    internal PipeEnds()
    {
        var (reader, writer) = Posix.Pipe();
        ReaderHandle = new SafeFileHandle(reader, ownsHandle: true);
        WriterHandle = new SafeFileHandle(writer, ownsHandle: true);
    }

    internal SafeFileHandle ReaderHandle { get; }

    internal SafeFileHandle WriterHandle { get; }

    internal nint Reader => ReaderHandle.DangerousGetHandle();

    internal nint Writer => WriterHandle.DangerousGetHandle();

    /// <summary>Writes until it would block.</summary>
    internal void Fill()
    {
        var block = new byte[4096];
        while (Posix.Write((int)Writer, block) > 0)
        {
        }

        while (Posix.Write((int)Writer, block.AsSpan(0, 1)) > 0)
        {
        }
    }

    /// <summary>Reads until it would block.</summary>
    internal void Drain()
    {
        var block = new byte[4096];
        while (Posix.Read((int)Reader, block) > 0)
        {
        }
    }

    public void Dispose()
    {
        ReaderHandle.Dispose();
        WriterHandle.Dispose();
    }
}
