namespace Mux.Kqueue.Emulation;

/// <summary>Whose kevent is emulated: they differ in layout, in numbers and in a few answers.</summary>
public enum EmulatedSystem
{
    /// <summary>macOS: 32 bytes, EVFILT_USER -10, EINVAL for very long timeouts.</summary>
    MacOS,

    /// <summary>FreeBSD 12 and newer: 64 bytes, EVFILT_USER -11, EPIPE for a WRITE filter on a pipe without reader.</summary>
    FreeBsd,
}

/// <summary>The kqueue backend on a machine without kqueue: its poller over an emulated kernel (Linux).</summary>
public static class EmulatedKqueue
{
    /// <summary>Whether the emulation runs here: it is built on Linux's own calls.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <summary>A poller over an emulated kernel of its own.</summary>
    /// <param name="system">Whose kevent.</param>
    /// <param name="hostility">What else the kernel may do; null for a kernel that is merely correct.</param>
    public static KqueuePoller CreatePoller(EmulatedSystem system = EmulatedSystem.MacOS, Hostility? hostility = null) =>
        new(new EmulatedKernel(system) { Hostility = hostility });

    /// <summary>A backend whose pollers run over one emulated kernel; always available.</summary>
    /// <param name="system">Whose kevent.</param>
    /// <param name="hostility">What else the kernel may do.</param>
    public static KqueueBackend CreateBackend(EmulatedSystem system = EmulatedSystem.MacOS, Hostility? hostility = null) =>
        new(new EmulatedKernel(system) { Hostility = hostility });
}
