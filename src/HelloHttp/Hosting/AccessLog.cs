using Microsoft.Extensions.Logging;

namespace HelloHttp.Hosting;

/// <summary>
/// A line for each request (<c>--access-log</c>). Workers write lines into buffers of their own, and one thread brings them out
/// several times a second, so that no request waits for a disk. A buffer that is full drops lines, and they are counted.
/// </summary>
/// <remarks>Lines of one worker are in order; those of different workers may stand up to one interval apart from it.</remarks>
internal sealed class AccessLog : IDisposable
{
    /// <summary>A pipe takes so much as a whole (PIPE_BUF of Linux, pipe(7)); more may have another process's lines in between.</summary>
    private const int Whole = 4096;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Stream _output;
    private readonly bool _json;
    private readonly bool _shares;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;
    private readonly Lazy<AccessLogBuffer> _shared;
    private AccessLogBuffer[] _buffers = [];
    private bool _failed;

    /// <summary>Begins to write.</summary>
    /// <param name="output">Where to; closed with this.</param>
    /// <param name="json">Whether lines are JSON.</param>
    /// <param name="shares">Whether other processes write to it as well.</param>
    /// <param name="logger">Where trouble is told.</param>
    internal AccessLog(Stream output, bool json, bool shares, ILogger logger)
    {
        _output = output;
        _json = json;
        _shares = shares;
        _logger = logger;
        _shared = new Lazy<AccessLogBuffer>(NewBuffer);
        _thread = new Thread(Run) { Name = "access log", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Lines that had no room.</summary>
    internal long Dropped => Volatile.Read(ref _buffers).Sum(b => b.Dropped);

    /// <summary>Opens what an option names.</summary>
    /// <param name="target">A file, which is appended to, <c>stdout</c> or <c>stderr</c>.</param>
    /// <exception cref="StartupException">The file cannot be written.</exception>
    internal static Stream Open(string target)
    {
        try
        {
            return target switch
            {
                "stdout" => Console.OpenStandardOutput(),
                "stderr" => Console.OpenStandardError(),
                _ => new FileStream(target, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new StartupException($"Cannot write the access log '{target}': {e.Message} (--access-log)", e);
        }
    }

    /// <summary>A buffer for workers that are too many to have one each.</summary>
    internal AccessLogBuffer Shared => _shared.Value;

    /// <summary>A buffer for one worker.</summary>
    internal AccessLogBuffer NewBuffer()
    {
        var buffer = new AccessLogBuffer(_json);
        lock (_lock)
            _buffers = [.. _buffers, buffer];
        return buffer;
    }

    /// <summary>Brings out what there is and ends; after the workers.</summary>
    public void Dispose()
    {
        _ended.Set();
        _thread.Join();
        _output.Dispose();
        _ended.Dispose();
    }

    private void Run()
    {
        while (!_ended.Wait(Interval))
            Flush();
        Flush();
    }

    private void Flush()
    {
        foreach (var buffer in Volatile.Read(ref _buffers))
        {
            var lines = buffer.Swap();
            try
            {
                Write(lines.Span);
                _failed = false;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A full disk must not end the server; the first failure in a row is told.
                if (!_failed)
                    ServerLog.AccessLogFailed(_logger, e.Message);
                _failed = true;
            }
        }
    }

    private void Write(ReadOnlySpan<byte> lines)
    {
        while (!lines.IsEmpty)
        {
            // A line longer than that goes out by itself.
            var end = lines.Length;
            if (_shares && end > Whole)
            {
                end = lines[..Whole].LastIndexOf((byte)'\n') + 1;
                if (end == 0)
                    end = lines.IndexOf((byte)'\n') + 1;
            }

            _output.Write(lines[..end]);
            lines = lines[end..];
        }
    }
}
