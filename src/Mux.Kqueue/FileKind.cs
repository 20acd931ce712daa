using System.Runtime.InteropServices;

namespace Mux.Kqueue;

/// <summary>What a descriptor refers to, as far as a kqueue has to know.</summary>
internal enum FileKind
{
    /// <summary>Something that can be waited on.</summary>
    Other,

    /// <summary>A pipe or FIFO.</summary>
    Pipe,

    /// <summary>A regular file or a directory: always ready or never, and refused (contract rule 8).</summary>
    File,

    /// <summary>The descriptor is not open.</summary>
    Closed,
}

/// <summary>
/// Asks fstat(2) for the file's type. <c>struct stat</c> differs by system, so only the one field is read, at its offset:
/// macOS 4 (sys/stat.h, 64-bit inodes), FreeBSD 12 and newer 24 (sys/stat.h). Linux, where libkqueue and the tests run, is
/// asked by statx(2), whose layout is the same on every architecture.
/// </summary>
internal static unsafe class FileKinds
{
    private const int TypeMask = 0xF000; // S_IFMT
    private const int Fifo = 0x1000; // S_IFIFO
    private const int Directory = 0x4000; // S_IFDIR
    private const int Regular = 0x8000; // S_IFREG
    private const int StatxEmptyPath = 0x1000; // AT_EMPTY_PATH, linux/fcntl.h
    private const uint StatxType = 1; // STATX_TYPE, linux/stat.h

    private static readonly nint Export = Find();

    /// <summary>The kind of file behind a descriptor; <see cref="FileKind.Other"/> where the system cannot be asked.</summary>
    public static FileKind Of(nint descriptor)
    {
        if (descriptor < 0)
            return FileKind.Closed;
        if (Export == 0)
            return FileKind.Other;
        var buffer = stackalloc byte[512];
        int result, offset;
        if (OperatingSystem.IsLinux())
        {
            byte empty = 0;
            result = ((delegate* unmanaged<int, byte*, int, uint, byte*, int>)Export)(
                (int)descriptor, &empty, StatxEmptyPath, StatxType, buffer);
            offset = 28;
        }
        else
        {
            result = ((delegate* unmanaged<int, byte*, int>)Export)((int)descriptor, buffer);
            offset = OperatingSystem.IsMacOS() ? 4 : 24;
        }

        if (result != 0)
            return Marshal.GetLastSystemError() == KqueueNative.EBADF ? FileKind.Closed : FileKind.Other;
        return (*(ushort*)(buffer + offset) & TypeMask) switch
        {
            Fifo => FileKind.Pipe,
            Regular or Directory => FileKind.File,
            _ => FileKind.Other,
        };
    }

    private static nint Find()
    {
        var name = OperatingSystem.IsLinux() ? "statx"
            : OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "fstat$INODE64"
            : "fstat";
        return NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), name, out var export) ? export : 0;
    }
}
