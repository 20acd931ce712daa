using static Mux.Kqueue.Emulation.LinuxNative;

namespace Mux.Kqueue.Emulation;

/// <summary>
/// Which file is open under a number, so that a number that was closed and came round again is noticed: a BSD kernel drops
/// the filters of a descriptor when it is closed. (All eventfds share one inode: one that replaces another goes unnoticed.)
/// </summary>
internal readonly record struct FileIdentity(ulong Inode, ulong Device, int Type)
{
    internal const int Fifo = 0x1000; // S_IFIFO
    internal const int Socket = 0xC000; // S_IFSOCK

    /// <summary>Asks statx(2); false if the number is not open.</summary>
    internal static unsafe bool TryGet(ulong ident, out FileIdentity identity)
    {
        const int EmptyPath = 0x1000; // AT_EMPTY_PATH
        const uint TypeAndInode = 0x101; // STATX_TYPE, STATX_INO
        var buffer = stackalloc byte[256];
        byte empty = 0;
        if (ident > int.MaxValue || statx((int)ident, &empty, EmptyPath, TypeAndInode, buffer) != 0)
        {
            identity = default;
            return false;
        }

        // struct statx: stx_mode at 28, stx_ino at 32, stx_dev_major and stx_dev_minor at 136.
        identity = new(*(ulong*)(buffer + 32), *(ulong*)(buffer + 136), *(ushort*)(buffer + 28) & 0xF000);
        return true;
    }
}
