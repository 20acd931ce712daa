using Mux.Contract.Kernel;

namespace Mux.Contract.Sequences;

/// <summary>A step of a scenario. Whether it can be taken, and what it changes, depends on the model alone.</summary>
internal abstract record Command
{
    /// <summary>Whether it makes sense now and is not without effect.</summary>
    internal abstract bool CanRun(ContractModel model);

    /// <summary>Changes the model as the step changes the world.</summary>
    internal abstract void Apply(ContractModel model);
}

/// <summary>A step about one slot.</summary>
internal abstract record SlotCommand(int Slot) : Command
{
    internal sealed override bool CanRun(ContractModel model) => Slot < model.Slots.Length && CanRun(model.Slots[Slot]);

    internal override void Apply(ContractModel model) => Apply(model.Slots[Slot]);

    protected abstract bool CanRun(SlotModel slot);

    protected abstract void Apply(SlotModel slot);
}

/// <summary>A step about a slot that has a link.</summary>
internal abstract record LinkCommand(int Slot) : SlotCommand(Slot)
{
    protected sealed override bool CanRun(SlotModel slot) => slot.Link is { } link && CanRun(link);

    protected override void Apply(SlotModel slot) => Apply(slot.Link!);

    protected abstract bool CanRun(LinkModel link);

    protected abstract void Apply(LinkModel link);
}

internal sealed record OpenLink(int Slot, LinkKind Kind, Opening Opening) : SlotCommand(Slot)
{
    protected override bool CanRun(SlotModel slot) => slot.Link is null && (Kind == LinkKind.Tcp || Opening == Opening.Connected);

    protected override void Apply(SlotModel slot) => slot.Link = new LinkModel(Kind, Opening);

    public override string ToString() => Opening switch
    {
        Opening.ToLivePort => $"{Slot}: connects to a live {Kind} port",
        Opening.ToDeadPort => $"{Slot}: connects to a dead {Kind} port",
        _ => $"{Slot}: opens as {Kind}",
    };
}

internal sealed record AddSource(int Slot, SourceKind Source, Interest Interest, PollMode Mode) : SlotCommand(Slot)
{
    internal override void Apply(ContractModel model) => model.Slots[Slot].Registration = new RegistrationModel
    {
        Source = Source,
        Key = model.NextKey(),
        Interest = Interest,
        Mode = Mode,
    };

    protected override bool CanRun(SlotModel slot) => slot.Link is not null && !slot.IsRegistered;

    protected override void Apply(SlotModel slot) => throw new InvalidOperationException();

    public override string ToString() => $"{Slot}: is added by {Source} for {Interest}, {Mode}";
}

internal sealed record ModifySource(int Slot, Interest Interest, PollMode Mode) : SlotCommand(Slot)
{
    internal override void Apply(ContractModel model)
    {
        var registration = model.Slots[Slot].Registration!;
        registration.Key = model.NextKey();
        registration.Interest = Interest;
        registration.Mode = Mode;
        registration.Armed = true;
        registration.Uncertain = false;
    }

    protected override bool CanRun(SlotModel slot) => slot is { Link: not null, IsRegistered: true };

    protected override void Apply(SlotModel slot) => throw new InvalidOperationException();

    public override string ToString() => $"{Slot}: is modified to {Interest}, {Mode}";
}

internal sealed record RemoveSource(int Slot) : SlotCommand(Slot)
{
    protected override bool CanRun(SlotModel slot) => slot.Registration is not null;

    protected override void Apply(SlotModel slot) => slot.Registration = null;

    public override string ToString() => $"{Slot}: is removed";
}

internal sealed record PeerSends(int Slot, int Bytes) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.PeerCanSend && link.Inbound < (link.IsStream ? 2000 : 8);

    protected override void Apply(LinkModel link) => link.Inbound += link.IsStream ? Bytes : 1;

    public override string ToString() => $"{Slot}: peer sends {Bytes} bytes";
}

internal sealed record ReadSome(int Slot, int Bytes) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.Inbound > 0 && link.IsAlive && !link.ErrorPending;

    protected override void Apply(LinkModel link) => link.Inbound -= link.IsStream ? Math.Min(Bytes, link.Inbound) : 1;

    public override string ToString() => $"{Slot}: reads up to {Bytes} bytes";
}

internal sealed record DrainAll(int Slot) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.Inbound > 0 || (link.ErrorPending && !link.PeerFin);

    protected override void Apply(LinkModel link)
    {
        link.Inbound = 0;

        // A receive after the FIN tells the end of the stream and leaves the error where it is.
        link.ErrorPending &= link.PeerFin;
    }

    public override string ToString() => $"{Slot}: reads until it would block, ends or fails";
}

internal sealed record SendSome(int Slot, int Bytes) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.CanSend;

    protected override void Apply(LinkModel link)
    {
        if (link.IsStream)
            link.Outbound = Outbound.Some;
        if (link.PeerOpen)
            return;
        link.ErrorPending = true; // TCP: the closed peer answers with a reset. UDP: the port is refused.
        link.Reset = link.IsStream;
    }

    public override string ToString() => $"{Slot}: sends {Bytes} bytes";
}

internal sealed record FillBuffer(int Slot) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.IsStream && link.CanSend && link.PeerOpen;

    protected override void Apply(LinkModel link) => link.Outbound = Outbound.Full;

    public override string ToString() => $"{Slot}: sends until it would block";
}

internal sealed record PeerDrains(int Slot) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.Outbound != Outbound.Empty && link.PeerOpen;

    protected override void Apply(LinkModel link) => link.Outbound = Outbound.Empty;

    public override string ToString() => $"{Slot}: peer reads everything";
}

internal sealed record PeerHalfCloses(int Slot) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.IsStream && link.PeerCanSend;

    protected override void Apply(LinkModel link) => link.PeerFin = true;

    public override string ToString() => $"{Slot}: peer half-closes";
}

internal sealed record PeerCloses(int Slot) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link.PeerOpen && link.Outbound == Outbound.Empty;

    protected override void Apply(LinkModel link)
    {
        link.PeerOpen = false;
        link.PeerFin = link.IsStream;
    }

    public override string ToString() => $"{Slot}: peer closes";
}

internal sealed record PeerResets(int Slot) : LinkCommand(Slot)
{
    // A Unix stream is reset by closing it with unread data. After both directions have ended nothing is reset any more.
    protected override bool CanRun(LinkModel link) => link.PeerOpen
        && (link.Kind == LinkKind.Tcp || (link.Kind == LinkKind.Unix && link.Outbound != Outbound.Empty))
        && !(link.SendShut && link.PeerFin);

    protected override void Apply(LinkModel link)
    {
        link.PeerOpen = false;
        link.Reset = link.ErrorPending = true;
    }

    public override string ToString() => $"{Slot}: peer resets";
}

internal sealed record HalfClose(int Slot) : LinkCommand(Slot)
{
    protected override bool CanRun(LinkModel link) => link is { IsStream: true, IsAlive: true, SendShut: false, PeerOpen: true };

    protected override void Apply(LinkModel link) => link.SendShut = true;

    public override string ToString() => $"{Slot}: half-closes";
}

internal sealed record DuplicateDescriptor(int Slot) : SlotCommand(Slot)
{
    protected override bool CanRun(SlotModel slot) =>
        slot is { Ghost: false, Link: { HasDuplicate: false, PeerCanSend: true } } && !OperatingSystem.IsWindows();

    protected override void Apply(SlotModel slot) => slot.Link!.HasDuplicate = true;

    public override string ToString() => $"{Slot}: its descriptor is duplicated";
}

/// <summary>Closes the local end, without Remove if it is registered by its object.</summary>
internal sealed record CloseLink(int Slot) : SlotCommand(Slot)
{
    protected override bool CanRun(SlotModel slot) =>
        slot.Link is not null && slot.Registration is null or { Dead: true } or { Source: not SourceKind.Number };

    protected override void Apply(SlotModel slot)
    {
        slot.Ghost |= slot.Link is { HasDuplicate: true, PeerCanSend: true };
        slot.GhostInbound = 0;
        slot.Link = null;
        if (slot.Registration is not null)
            slot.Registration.Dead = true;
    }

    public override string ToString() => $"{Slot}: is closed";
}

internal sealed record GhostPeerSends(int Slot, int Bytes) : SlotCommand(Slot)
{
    protected override bool CanRun(SlotModel slot) => slot is { Ghost: true, GhostInbound: < 8 };

    protected override void Apply(SlotModel slot) => slot.GhostInbound++;

    public override string ToString() => $"{Slot}: the peer of the closed one, whose duplicate lives, sends {Bytes} bytes";
}

internal sealed record CloseDuplicate(int Slot) : SlotCommand(Slot)
{
    protected override bool CanRun(SlotModel slot) => slot.Ghost;

    protected override void Apply(SlotModel slot) => slot.Ghost = false;

    public override string ToString() => $"{Slot}: the duplicate of the closed one is closed";
}

internal sealed record CallWake : Command
{
    internal override bool CanRun(ContractModel model) => true;

    internal override void Apply(ContractModel model) => model.WakePending = true;

    public override string ToString() => "Wake";
}

/// <summary>Waits without blocking, as often as rule 12 needs with this room, and compares with the model.</summary>
internal sealed record PollReady(int Room) : Command
{
    internal override bool CanRun(ContractModel model) => true;

    internal override void Apply(ContractModel model) => model.AfterWait();

    public override string ToString() => $"Wait with room for {Room}";
}

/// <summary>A Wait that has nothing to report, and another thread that wakes it.</summary>
internal sealed record WaitUntilWoken(int Room) : Command
{
    internal override bool CanRun(ContractModel model) => model is { WakePending: false, MayReport: 0 };

    internal override void Apply(ContractModel model)
    {
    }

    public override string ToString() => $"Wait with room for {Room}, woken while it blocks";
}

/// <summary>A Wait that has nothing to report, and a peer that sends meanwhile.</summary>
internal sealed record WaitUntilPeerSends(int Slot, int Room, int Bytes) : Command
{
    internal override bool CanRun(ContractModel model) => model is { WakePending: false, MayReport: 0 }
        && Slot < model.Slots.Length
        && model.Slots[Slot] is { Link.PeerCanSend: true, Registration: { Dead: false, Armed: true, Uncertain: false } registration }
        && (registration.Interest & Interest.Readable) != 0;

    internal override void Apply(ContractModel model)
    {
        var link = model.Slots[Slot].Link!;
        link.Inbound += link.IsStream ? Bytes : 1;
        model.AfterWait();
    }

    public override string ToString() => $"Wait with room for {Room}, {Slot}: peer sends {Bytes} bytes while it blocks";
}
