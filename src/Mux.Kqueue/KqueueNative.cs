using System.Runtime.InteropServices;

namespace Mux.Kqueue;

/// <summary>The numbers that this backend needs, and where its calls come from.</summary>
internal static unsafe class KqueueNative
{
    // <sys/event.h>, the same on macOS, FreeBSD and libkqueue. EVFILT_USER differs: KeventDialect.
    internal const short EVFILT_READ = -1;
    internal const short EVFILT_WRITE = -2;
    internal const ushort EV_ADD = 0x1;
    internal const ushort EV_DELETE = 0x2;
    internal const ushort EV_ENABLE = 0x4;
    internal const ushort EV_DISABLE = 0x8;
    internal const ushort EV_ONESHOT = 0x10;
    internal const ushort EV_CLEAR = 0x20;
    internal const ushort EV_RECEIPT = 0x40;
    internal const ushort EV_DISPATCH = 0x80;
    internal const ushort EV_ERROR = 0x4000;
    internal const ushort EV_EOF = 0x8000;
    internal const uint NOTE_TRIGGER = 0x01000000;

    // <errno.h>. All of them are older than the systems' differences.
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int EBADF = 9;
    internal const int ENOMEM = 12;
    internal const int ENODEV = 19;
    internal const int EINVAL = 22;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int ENOSPC = 28;
    internal const int EPIPE = 32;

    /// <summary>The environment variable that names the library where no option does.</summary>
    internal const string LibraryVariable = "MUX_KQUEUE_LIBRARY";

    /// <summary>Finds the calls: in the library that is named, or in the C library that the process runs on.</summary>
    /// <param name="library">A library's name or path; null or empty asks the environment, then takes the C library.</param>
    /// <param name="reason">Why there are none, as a clause that reads well after "because".</param>
    /// <returns>The calls, or null.</returns>
    internal static KeventCalls? Find(string? library, out string? reason)
    {
        if (string.IsNullOrWhiteSpace(library))
            library = Environment.GetEnvironmentVariable(LibraryVariable);
        var named = !string.IsNullOrWhiteSpace(library);
        var dialect = !Environment.Is64BitProcess ? null
            : OperatingSystem.IsMacOS() ? KeventDialect.MacOS
            : OperatingSystem.IsFreeBSD() ? KeventDialect.FreeBsd
            : OperatingSystem.IsLinux() && named ? KeventDialect.LibKqueue
            : null;
        if (dialect is null)
        {
            reason = OperatingSystem.IsLinux()
                ? $"Linux has no kqueue of its own (a libkqueue can be named by Mux:Kqueue:Library or {LibraryVariable})"
                : "kqueue is part of macOS and FreeBSD and this is neither, or a 32-bit process";
            return null;
        }

        var process = NativeLibrary.GetMainProgramHandle();
        var module = process;
        if (named && !NativeLibrary.TryLoad(library!, out module))
        {
            reason = $"the library '{library}' cannot be loaded";
            return null;
        }

        if (!NativeLibrary.TryGetExport(module, "kqueue", out var kqueue)
            || !NativeLibrary.TryGetExport(module, "kevent", out var kevent)
            || !NativeLibrary.TryGetExport(process, "close", out var close))
        {
            reason = $"{(named ? $"the library '{library}'" : "the C library")} has no kqueue and kevent";
            return null;
        }

        reason = null;
        return new LibraryCalls(
            dialect,
            (delegate* unmanaged<int>)kqueue,
            (delegate* unmanaged<int, byte*, int, byte*, int, Timespec*, int>)kevent,
            (delegate* unmanaged<int, int>)close);
    }

    /// <summary>
    /// Calls through plain function pointers, since the library is known at run time only. All arguments are blittable, and the
    /// errno is read after -1 only, by the very next call, as source-generated marshalling does it.
    /// </summary>
    private sealed class LibraryCalls(
        KeventDialect dialect,
        delegate* unmanaged<int> kqueue,
        delegate* unmanaged<int, byte*, int, byte*, int, Timespec*, int> kevent,
        delegate* unmanaged<int, int> close)
        : KeventCalls(dialect)
    {
        private readonly delegate* unmanaged<int> _kqueue = kqueue;
        private readonly delegate* unmanaged<int, byte*, int, byte*, int, Timespec*, int> _kevent = kevent;
        private readonly delegate* unmanaged<int, int> _close = close;

        internal override int Create()
        {
            var queue = _kqueue();
            return queue >= 0 ? queue : -Marshal.GetLastSystemError();
        }

        internal override int Call(int queue, byte* changes, int changeCount, byte* events, int room, Timespec* timeout)
        {
            var count = _kevent(queue, changes, changeCount, events, room, timeout);
            return count >= 0 ? count : -Marshal.GetLastSystemError();
        }

        internal override void Close(int queue) => _ = _close(queue);
    }
}
