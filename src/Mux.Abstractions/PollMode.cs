namespace Mux;

/// <summary>How often a condition is reported.</summary>
[Flags]
public enum PollMode
{
    /// <summary>As long as the condition holds, Waits go on reporting it (contract rule 1).</summary>
    Level = 0,

    /// <summary>
    /// Once: after one report the whole registration, both directions, is silent until
    /// <see cref="IPoller.TryModify"/> arms it again (contract rule 2).
    /// </summary>
    OneShot = 1,

    /// <summary>
    /// After new activity or a Modify only. The consumer drains until it would block. Needs
    /// <see cref="PollerFeatures.EdgeTriggered"/>; cannot be combined with <see cref="OneShot"/>.
    /// </summary>
    Edge = 2,

    /// <summary>
    /// Flag, beside <see cref="Level"/> or <see cref="Edge"/>: when several pollers wait on the same descriptor, wake as
    /// few of them as the kernel can. Needs <see cref="PollerFeatures.ExclusiveWakeUp"/>; not with <see cref="OneShot"/>.
    /// </summary>
    Exclusive = 4,
}
