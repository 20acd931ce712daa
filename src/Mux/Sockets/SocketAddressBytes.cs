using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mux;

/// <summary>
/// Reads a struct sockaddr as the kernel writes it (netinet/in.h, sys/un.h). The family is a 16-bit number on Linux; on
/// macOS and FreeBSD the first byte is the length and the second the family. Everything after it lies in the same place.
/// </summary>
internal static class SocketAddressBytes
{
    /// <summary>Room for any address: sizeof(struct sockaddr_storage).</summary>
    internal const int MaxLength = 128;

    private const int PathOffset = 2;

    internal static int Family(ReadOnlySpan<byte> address)
    {
        if (address.Length < 2)
            return 0;
        return OperatingSystem.IsLinux() ? BitConverter.ToUInt16(address) : address[1];
    }

    internal static EndPoint? ToEndPoint(ReadOnlySpan<byte> address)
    {
        var family = Family(address);
        if (family == SocketNative.AF_INET && address.Length >= 8)
            return new IPEndPoint(new IPAddress(address.Slice(4, 4)), Port(address));

        if (family == SocketNative.AF_INET6 && address.Length >= 28)
        {
            var scope = BitConverter.ToUInt32(address.Slice(24, 4));
            return new IPEndPoint(new IPAddress(address.Slice(8, 16), scope), Port(address));
        }

        return family == SocketNative.AF_UNIX ? ToUnixEndPoint(address[PathOffset..]) : null;
    }

    internal static AddressFamily ToAddressFamily(int family) =>
        family == SocketNative.AF_INET6 ? AddressFamily.InterNetworkV6
        : family == SocketNative.AF_UNIX ? AddressFamily.Unix
        : AddressFamily.InterNetwork;

    private static int Port(ReadOnlySpan<byte> address) => BinaryPrimitives.ReadUInt16BigEndian(address.Slice(2, 2));

    /// <summary>An unnamed socket, as a connecting client usually is, has no path at all.</summary>
    private static UnixDomainSocketEndPoint? ToUnixEndPoint(ReadOnlySpan<byte> path)
    {
        // An abstract name of Linux begins with a zero byte; .NET writes and prints it with that byte kept.
        var isAbstract = path.Length > 1 && path[0] == 0 && OperatingSystem.IsLinux();
        var end = isAbstract ? -1 : path.IndexOf((byte)0);
        var text = end < 0 ? path : path[..end];
        if (text.IsEmpty)
            return null;
        try
        {
            return new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(text));
        }
        catch (ArgumentException)
        {
            // Bytes that are no UTF-8 become more of them, too many for .NET: an address that cannot be told.
            return null;
        }
    }
}
