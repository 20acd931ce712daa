using System.Runtime.InteropServices;
using System.Text;
using Mux.Kqueue;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Tests.Kqueue;

/// <summary>A kqueue that writes down what it is told and what it answers, in terms that are the same on every system.</summary>
internal sealed unsafe class KeventSession : IDisposable
{
    private const int Room = 8;
    private readonly KeventCalls _calls;
    private readonly bool _linuxNumbers;
    private readonly StringBuilder _transcript;
    private readonly int _kq;

    /// <summary>A new kqueue.</summary>
    /// <param name="calls">Whose.</param>
    /// <param name="linuxNumbers">Whether its errors are numbered as on Linux; otherwise as on the BSDs.</param>
    /// <param name="transcript">Where to write.</param>
    internal KeventSession(KeventCalls calls, bool linuxNumbers, StringBuilder transcript)
    {
        _calls = calls;
        _linuxNumbers = linuxNumbers;
        _transcript = transcript;
        _kq = calls.Create();
        Assert.True(_kq >= 0, $"kqueue() gave {_kq}");
    }

    public void Dispose() => _calls.Close(_kq);

    /// <summary>Makes a change, which must work.</summary>
    internal void Change(nint ident, short filter, int flags, ulong data) => Assert.Equal(0, TryChange(ident, filter, flags, data));

    /// <summary>Makes a change and writes its errno down.</summary>
    internal void Attempt(string what, nint ident, short filter, int flags) =>
        _transcript.Append($"   {what} -> {NameOf(TryChange(ident, filter, flags, 0))}\n");

    /// <summary>Makes two changes with room for more and writes down what comes instead of events.</summary>
    internal void AttemptBoth(string what, (nint Ident, short Filter) first, (nint Ident, short Filter) second)
    {
        var changes = stackalloc byte[2 * 64];
        var events = stackalloc byte[Room * 64];
        _calls.Dialect.At(changes, 0) = new() { Ident = (ulong)first.Ident, Filter = first.Filter, Flags = EV_ADD, UserData = 1 };
        _calls.Dialect.At(changes, 1) = new() { Ident = (ulong)second.Ident, Filter = second.Filter, Flags = EV_ADD, UserData = 2 };
        var now = default(Timespec);
        var count = _calls.Call(_kq, changes, 2, events, Room, &now);
        _transcript.Append($"   {what} -> {count}");
        for (var i = 0; i < count; i++)
        {
            ref var entry = ref _calls.Dialect.At(events, i);
            _transcript.Append((entry.Flags & EV_ERROR) != 0 ? $" [error ud={entry.UserData} {NameOf((int)entry.Data)}]" : $" {Describe(entry)}");
        }

        _transcript.Append('\n');
    }

    /// <summary>Asks without waiting and writes down the answer, READ before WRITE and by user data, for order is not promised.</summary>
    internal void Observe(string what, int room = Room)
    {
        var lines = Ask(room);
        lines.Sort(StringComparer.Ordinal);
        _transcript.Append($"  {what} -> {(lines.Count == 0 ? "none" : string.Join(' ', lines))}\n");
    }

    /// <summary>Asks without waiting and writes nothing.</summary>
    internal List<string> Ask(int room = Room)
    {
        var events = stackalloc byte[Room * 64];
        var now = default(Timespec);
        var count = _calls.Call(_kq, null, 0, events, room, &now);
        Assert.True(count >= 0, $"kevent() gave {count}");
        var lines = new List<string>();
        for (var i = 0; i < count; i++)
            lines.Add(Describe(_calls.Dialect.At(events, i)));
        return lines;
    }

    /// <summary>Waits until a filter says something that a condition accepts: a fence before an observation.</summary>
    internal void Await(nint ident, short filter, Func<bool, long, bool> condition)
    {
        Change(ident, filter, EV_ADD, 0);
        var events = stackalloc byte[64];
        var limit = new Timespec { Seconds = 10 };
        do
        {
            var count = _calls.Call(_kq, null, 0, events, 1, &limit);
            Assert.True(count == 1, $"the fence on {ident} got {count}");
        }
        while (!condition((_calls.Dialect.At(events, 0).Flags & EV_EOF) != 0, _calls.Dialect.At(events, 0).Data));
        Change(ident, filter, EV_DELETE, 0);
    }

    private int TryChange(nint ident, short filter, int flags, ulong data)
    {
        var change = stackalloc byte[64];
        var receipt = stackalloc byte[64];
        _calls.Dialect.At(change, 0) = new()
        {
            Ident = (ulong)ident,
            Filter = filter,
            Flags = (ushort)(flags | EV_RECEIPT),
            UserData = data,
        };
        var now = default(Timespec);
        var count = _calls.Call(_kq, change, 1, receipt, 1, &now);
        return count < 0 ? -count : (int)_calls.Dialect.At(receipt, 0).Data;
    }

    private string Describe(in Kevent entry)
    {
        var filter = entry.Filter == EVFILT_READ ? "READ" : entry.Filter == EVFILT_WRITE ? "WRITE" : $"filter {entry.Filter}";

        // How much room a buffer has is each kernel's business.
        var data = entry.Filter == EVFILT_WRITE ? "room" : entry.Data.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var eof = (entry.Flags & EV_EOF) != 0 ? " EOF" : "";
        var errno = entry.FilterFlags == 0 ? "" : $" {NameOf((int)entry.FilterFlags)}";
        return $"[{filter} ud={entry.UserData} data={data}{eof}{errno}]";
    }

    private string NameOf(int errno) => (errno, _linuxNumbers) switch
    {
        (0, _) => "ok",
        (ENOENT, _) => "ENOENT",
        (EBADF, _) => "EBADF",
        (EINVAL, _) => "EINVAL",
        (EPIPE, _) => "EPIPE",
        (104, true) or (54, false) => "ECONNRESET",
        (111, true) or (61, false) => "ECONNREFUSED",
        _ => $"errno {errno}",
    };

    [DllImport("libc", EntryPoint = "dup2")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Dup2(int from, int to);

    /// <summary>Closes a number and opens it again for another file, in one step.</summary>
    internal static void Replace(nint number, nint by) => Assert.Equal((int)number, Dup2((int)by, (int)number));
}
