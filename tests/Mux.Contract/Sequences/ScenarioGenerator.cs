using Mux.Contract.Kernel;

namespace Mux.Contract.Sequences;

/// <summary>Makes scenarios by walking the model, so that every step is possible and does something.</summary>
internal sealed class ScenarioGenerator(Random random, IReadOnlyCollection<KnownDeviation> deviations)
{
    private readonly ContractModel _model = new(random.Next(2, 7));
    private readonly List<Command> _commands = [];

    // Spans of 1 to 3 in half of the cases.
    private readonly bool _smallRoom = random.Next(2) == 0;
    private readonly bool _stealsErrors = deviations.Contains(KnownDeviation.StealsSocketError);
    private readonly bool _starves = deviations.Contains(KnownDeviation.StarvesWithSmallRoom);

    internal Scenario Generate()
    {
        var length = random.Next(10, 61);
        for (var slot = 0; slot < _model.Slots.Length; slot++)
        {
            Take(Open(slot));
            if (random.Next(4) != 0)
                Take(Add(slot));
        }

        while (_commands.Count < length - 1)
            Take(Next());
        Take(new PollReady(16));
        return new Scenario(_model.Slots.Length, _commands);
    }

    private void Take(Command command)
    {
        if (!command.CanRun(_model))
            return;
        command.Apply(_model);
        _commands.Add(command);
    }

    private Command Next()
    {
        var slot = random.Next(_model.Slots.Length);
        var choice = random.Next(100);
        return choice switch
        {
            < 24 => new PollReady(Room()),
            < 30 => _model.MayReport == 0 ? BlockingWait(slot) : new PollReady(Room()),
            < 34 => new CallWake(),
            < 38 => ResetSpentShot() ?? OnTraffic(slot),
            < 52 => OnRegistration(slot),
            < 62 => OnLifetime(slot),
            _ => OnTraffic(slot),
        };
    }

    private Command BlockingWait(int slot)
    {
        var send = new WaitUntilPeerSends(slot, Room(), Bytes());
        return random.Next(2) == 0 && send.CanRun(_model) ? send : new WaitUntilWoken(Room());
    }

    private Command OnRegistration(int slot)
    {
        var state = _model.Slots[slot];
        if (!state.IsRegistered)
            return state.Registration is not null && random.Next(4) == 0 ? new RemoveSource(slot) : Add(slot);
        return random.Next(8) == 0 ? new RemoveSource(slot) : new ModifySource(slot, AnyInterest(), AnyMode());
    }

    // A spent one-shot registration is what a reset tests best, and rare enough to be looked for.
    private PeerResets? ResetSpentShot() => Enumerable.Range(0, _model.Slots.Length)
        .Where(slot => _model.Slots[slot].Registration is { Armed: false, Dead: false })
        .Select(slot => new PeerResets(slot))
        .FirstOrDefault(reset => reset.CanRun(_model));

    // Closing without Remove, using the number again, and adding the new owner follow each other often.
    private Command OnLifetime(int slot)
    {
        var state = _model.Slots[slot];
        if (state.Link is null)
            return Open(slot);
        if (state is { Ghost: true } && random.Next(3) != 0)
            return random.Next(4) == 0 ? new CloseDuplicate(slot) : new GhostPeerSends(slot, Bytes());
        if (!deviations.Contains(KnownDeviation.KeepsClosedDescriptors))
        {
            if (!state.Link.HasDuplicate && random.Next(2) == 0)
                return new DuplicateDescriptor(slot);
            return new CloseLink(slot);
        }

        return state.Registration is null ? new CloseLink(slot) : new RemoveSource(slot);
    }

    private Command OnTraffic(int slot)
    {
        var state = _model.Slots[slot];
        if (state.Link is null)
            return Open(slot);
        if (state.Ghost && random.Next(4) == 0)
            return new GhostPeerSends(slot, Bytes());
        return random.Next(16) switch
        {
            < 5 => new PeerSends(slot, Bytes()),
            < 7 => new ReadSome(slot, Bytes()),
            < 9 => new DrainAll(slot),
            9 => new SendSome(slot, Bytes()),
            10 => new FillBuffer(slot),
            11 or 12 => new PeerDrains(slot),
            13 => random.Next(2) == 0 ? new PeerHalfCloses(slot) : new HalfClose(slot),
            14 => state.Link.Kind == LinkKind.Udp && _stealsErrors ? new PeerSends(slot, Bytes()) : new PeerCloses(slot),
            _ => new PeerResets(slot),
        };
    }

    private OpenLink Open(int slot)
    {
        var kinds = Link.Kinds;
        var kind = kinds[random.Next(kinds.Count)];
        var opening = kind != LinkKind.Tcp ? Opening.Connected : random.Next(6) switch
        {
            0 => Opening.ToDeadPort,
            1 => Opening.ToLivePort,
            _ => Opening.Connected,
        };
        return new OpenLink(slot, kind, opening);
    }

    private AddSource Add(int slot) => new(slot, (SourceKind)random.Next(3), AnyInterest(), AnyMode());

    private Interest AnyInterest() => random.Next(8) switch
    {
        0 => Interest.None,
        1 or 2 => Interest.Writable,
        3 or 4 => Interest.Readable | Interest.Writable,
        _ => Interest.Readable,
    };

    private PollMode AnyMode() => random.Next(5) < 2 ? PollMode.OneShot : PollMode.Level;

    private int Room() => _starves ? 16 : _smallRoom ? random.Next(1, 4) : random.Next(3) == 0 ? random.Next(4, 17) : 16;

    private int Bytes() => random.Next(3) == 0 ? random.Next(2, 513) : 1;
}
