using System.Net;
using System.Net.Sockets;

namespace Mux.Contract.Kernel;

/// <summary>What a <see cref="Link"/> is made of.</summary>
public enum LinkKind
{
    /// <summary>TCP over loopback.</summary>
    Tcp,

    /// <summary>A Unix domain stream.</summary>
    Unix,

    /// <summary>Two connected UDP sockets over loopback.</summary>
    Udp,
}

/// <summary>How the local end of a TCP link came to be.</summary>
public enum Opening
{
    /// <summary>Connected before the test begins.</summary>
    Connected,

    /// <summary>By a non-blocking connect to a listening port, perhaps not finished yet.</summary>
    ToLivePort,

    /// <summary>By a non-blocking connect to a port where nobody listens.</summary>
    ToDeadPort,
}

/// <summary>Two non-blocking sockets connected to each other: the local one is the poller's, the peer is the test's.</summary>
public sealed class Link : IDisposable
{
    // Small buffers fill fast; a small segment keeps a small window from stalling loopback's 64 KiB segments.
    private const int BufferSize = 16 * 1024, SegmentSize = 1400;

    private readonly byte[] _scratch = new byte[64 * 1024];

    private Link(LinkKind kind, Socket local, Socket? peer)
    {
        Kind = kind;
        Local = local;
        Peer = peer;
        local.Blocking = false;
        if (peer is not null)
            peer.Blocking = false;
    }

    /// <summary>What it is made of.</summary>
    public LinkKind Kind { get; }

    /// <summary>The poller's end.</summary>
    public Socket Local { get; }

    /// <summary>The test's end; null for a connect to a dead port.</summary>
    public Socket? Peer { get; private set; }

    /// <summary>Bytes sent by the local end and not yet received by the peer.</summary>
    public long Outstanding { get; private set; }

    /// <summary>The kinds this system has.</summary>
    public static IReadOnlyList<LinkKind> Kinds { get; } = OperatingSystem.IsWindows()
        ? [LinkKind.Tcp, LinkKind.Udp]
        : [LinkKind.Tcp, LinkKind.Unix, LinkKind.Udp];

    /// <summary>Makes a link.</summary>
    public static Link Open(LinkKind kind, Opening opening = Opening.Connected) => Open(kind, opening, null, null);

    internal static Link Open(LinkKind kind, Opening opening, DescriptorRange? range, int? number)
    {
        var link = kind switch
        {
            LinkKind.Unix => OpenUnix(range, number),
            LinkKind.Udp => OpenUdp(range, number),
            _ => OpenTcp(opening, range, number),
        };
        return link;
    }

    /// <summary>Sends from the peer and waits until the local end has it.</summary>
    public void PeerSends(int bytes)
    {
        var before = Kind == LinkKind.Udp || Local.SafeHandle.IsClosed ? 0 : Local.Available;
        var sent = Peer!.Send(_scratch.AsSpan(0, bytes), SocketFlags.None, out var error);
        if (sent != bytes)
            throw new InvalidOperationException($"The peer could not send {bytes} bytes: {error}.");
        if (!Local.SafeHandle.IsClosed)
            Fence.UntilArrived(Local, Kind == LinkKind.Udp ? 1 : before + bytes);
    }

    /// <summary>The peer sends no more; waits until the local end knows.</summary>
    public void PeerHalfCloses()
    {
        Peer!.Shutdown(SocketShutdown.Send);
        Fence.UntilFin(Local);
    }

    /// <summary>The peer closes; waits until the local end knows. It must have read everything, otherwise this is a reset.</summary>
    public void PeerCloses()
    {
        Peer!.Dispose();
        Peer = null;
        if (Kind != LinkKind.Udp)
            Fence.UntilFin(Local);
    }

    /// <summary>The peer resets: TCP with linger 0, Unix by closing with unread data. Waits until the local end knows.</summary>
    public void PeerResets()
    {
        if (Kind == LinkKind.Tcp)
            Peer!.LingerState = new LingerOption(true, 0);
        Peer!.Dispose();
        Peer = null;
        Fence.UntilReset(Local);
    }

    /// <summary>Sends from the local end.</summary>
    /// <returns>False if it would block.</returns>
    public bool Send(int bytes)
    {
        var sent = Local.Send(_scratch.AsSpan(0, bytes), SocketFlags.None, out var error);
        if (Kind != LinkKind.Udp && error == SocketError.Success)
            Outstanding += sent;
        return error != SocketError.WouldBlock;
    }

    /// <summary>Sends from the local end until it would block, and goes on while the kernel still makes room.</summary>
    public void Fill()
    {
        var refusals = 0;
        Fence.Until(
            () =>
            {
                var whole = Local.Send(_scratch, SocketFlags.None, out var error);
                if (error == SocketError.Success)
                    Outstanding += whole;
                else if (error != SocketError.WouldBlock)
                    throw new InvalidOperationException($"Filling the send buffer failed: {error}.");
                refusals = error == SocketError.WouldBlock && Fence.IsAtRest(Local, Peer!) ? refusals + 1 : 0;
                return refusals >= 3;
            },
            "the send buffer to fill");
    }

    /// <summary>The peer receives all that was sent; waits until the local end's send buffer is empty.</summary>
    public void PeerDrains()
    {
        Fence.Until(
            () =>
            {
                var received = Peer!.Receive(_scratch, SocketFlags.None, out var error);
                if (error == SocketError.Success)
                    Outstanding -= received;
                return Outstanding <= 0;
            },
            "the peer to receive everything");
        Fence.UntilAcknowledged(Local, Peer!);
    }

    /// <summary>Receives at the local end until it would block or the stream has ended or failed.</summary>
    /// <returns>Bytes received, and the error that was met; Success if there was none.</returns>
    public (int Bytes, SocketError Failure) Drain()
    {
        var bytes = 0;
        var failure = SocketError.Success;
        while (true)
        {
            var received = Local.Receive(_scratch, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
                return (bytes, failure);
            if (error != SocketError.Success)
                failure = error;
            bytes += received;
            if (Kind != LinkKind.Udp && received == 0)
                return (bytes, failure);
        }
    }

    /// <summary>Receives once at the local end.</summary>
    public int Read(int bytes) => Local.Receive(_scratch.AsSpan(0, bytes), SocketFlags.None, out _);

    /// <summary>Gives up the peer, for a duplicate's sake, without closing it.</summary>
    internal Socket? DetachPeer()
    {
        var peer = Peer;
        Peer = null;
        return peer;
    }

    /// <summary>Closes both ends.</summary>
    public void Dispose()
    {
        Local.Dispose();
        Peer?.Dispose();
    }

    /// <summary>Kind and number.</summary>
    public override string ToString() => $"{Kind} {Local.Handle}";

    private static Link OpenTcp(Opening opening, DescriptorRange? range, int? number)
    {
        var local = Number(NewTcp(), range, number);
        using var listener = NewTcp();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (opening != Opening.ToDeadPort)
            listener.Listen(1);
        local.Blocking = opening == Opening.Connected;
        try
        {
            local.Connect(listener.LocalEndPoint!);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // A non-blocking connect under way.
        }
        catch (SocketException e) when (opening == Opening.ToDeadPort && e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Some systems refuse at once over loopback; the error is spent then, and the caller learns it from the fence.
        }

        if (opening == Opening.ToDeadPort)
        {
            Fence.UntilReset(local);
            return new Link(LinkKind.Tcp, local, null);
        }

        var peer = listener.Accept();
        peer.NoDelay = true;
        Fence.UntilConnected(local);
        return new Link(LinkKind.Tcp, local, peer);
    }

    private static Socket NewTcp()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            SendBufferSize = BufferSize,
            ReceiveBufferSize = BufferSize,
        };
        if (!OperatingSystem.IsWindows())
            socket.SetRawSocketOption(6, 2, BitConverter.GetBytes(SegmentSize)); // TCP_MAXSEG
        return socket;
    }

    private static Link OpenUnix(DescriptorRange? range, int? number)
    {
        var (first, second) = Posix.UnixStreamPair();
        var local = new Socket(new SafeSocketHandle(first, ownsHandle: true));
        var peer = new Socket(new SafeSocketHandle(second, ownsHandle: true));
        local.SendBufferSize = BufferSize;
        return new Link(LinkKind.Unix, Number(local, range, number), peer);
    }

    private static Link OpenUdp(DescriptorRange? range, int? number)
    {
        var local = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        local.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        peer.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        local.Connect(peer.LocalEndPoint!);
        peer.Connect(local.LocalEndPoint!);
        return new Link(LinkKind.Udp, Number(local, range, number), peer);
    }

    private static Socket Number(Socket socket, DescriptorRange? range, int? number) =>
        range is null ? socket : range.Move(socket, number);
}
