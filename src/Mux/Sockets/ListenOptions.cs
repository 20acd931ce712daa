namespace Mux;

/// <summary>How a <see cref="ListenSocket"/> is set up. What it sets once, accepted sockets inherit.</summary>
public sealed class ListenOptions
{
    /// <summary>
    /// How many connections may wait to be accepted; the system may cut it (net.core.somaxconn on Linux,
    /// kern.ipc.somaxconn on macOS and FreeBSD). Default 1024.
    /// </summary>
    public int Backlog { get; set; } = 1024;

    /// <summary>
    /// Whether accepted TCP sockets send at once instead of gathering small pieces (TCP_NODELAY); set on the listener and
    /// inherited. Default true.
    /// </summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>
    /// Whether an IPv6 listener also takes IPv4 connections, as mapped addresses. Default false: IPV6_V6ONLY, so that the
    /// same port can be bound for IPv4 beside it.
    /// </summary>
    public bool DualStack { get; set; }

    /// <summary>
    /// Whether a port can be bound while connections of an earlier listener linger in TIME_WAIT (SO_REUSEADDR). Default
    /// true. Never lets two listeners share a port: on Windows, where that option would, the opposite one
    /// (SO_EXCLUSIVEADDRUSE) is set instead.
    /// </summary>
    public bool ReuseAddress { get; set; } = true;

    /// <summary>
    /// Whether several listeners share the port and the kernel spreads connections over them: SO_REUSEPORT on Linux,
    /// SO_REUSEPORT_LB on FreeBSD. Elsewhere the kernel does not spread them, and listening fails with
    /// <see cref="PlatformNotSupportedException"/>. Default false.
    /// </summary>
    public bool ReusePort { get; set; }

    /// <summary>
    /// Whether accept and the accepted sockets block, for architectures with one thread per connection. Default false.
    /// </summary>
    public bool Blocking { get; set; }

    /// <summary>
    /// With <see cref="Blocking"/>: how long an accept, and a receive on an accepted socket, waits at most (SO_RCVTIMEO,
    /// inherited); null: for ever. It then answers would-block. macOS does not apply it to accept itself.
    /// </summary>
    public TimeSpan? ReceiveTimeout { get; set; }

    /// <summary>With <see cref="Blocking"/>: how long a send waits at most (SO_SNDTIMEO, inherited); null: for ever.</summary>
    public TimeSpan? SendTimeout { get; set; }

    /// <summary>The receive buffer of accepted sockets in bytes (SO_RCVBUF); null leaves it to the system.</summary>
    public int? ReceiveBufferSize { get; set; }

    /// <summary>The send buffer of accepted sockets in bytes (SO_SNDBUF); null leaves it to the system.</summary>
    public int? SendBufferSize { get; set; }

    /// <summary>
    /// How many of the process's descriptors accepting leaves alone, at most an eighth of its limit (RLIMIT_NOFILE): 0 or more.
    /// With only so many left an accept fails as it does with none left, and the connection stays in the queue. Default 32.
    /// Nothing on Windows, which has no such limit.
    /// </summary>
    /// <remarks>
    /// .NET on Unix cannot start a thread without a descriptor for it, and ends the process when it has to and cannot: a
    /// server that gives its last descriptor to a client does not live long.
    /// </remarks>
    public int DescriptorReserve { get; set; } = 32;
}
