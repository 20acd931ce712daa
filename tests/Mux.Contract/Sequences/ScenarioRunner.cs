namespace Mux.Contract.Sequences;

/// <summary>Runs a scenario against a poller and real sockets, and holds every answer against the model.</summary>
public sealed class ScenarioRunner
{
    private readonly string _backend;
    private readonly Scenario _scenario;
    private readonly IPoller _poller;
    private readonly Coverage _coverage;
    private readonly ContractModel _model;
    private readonly World _world;
    private readonly WaitCheck _check;
    private readonly List<string> _outcome = [];
    private int _step;

    private ScenarioRunner(string backend, Scenario scenario, IPoller poller, World world, Coverage coverage)
    {
        _backend = backend;
        _scenario = scenario;
        _poller = poller;
        _coverage = coverage;
        _model = new ContractModel(scenario.Slots);
        _world = world;
        _check = new WaitCheck(_model, coverage, Fail);
    }

    /// <summary>Runs the scenario.</summary>
    /// <returns>What each Wait had to report and did, a line each, comparable between backends.</returns>
    /// <exception cref="ScenarioFailureException">The backend broke the contract.</exception>
    public static IReadOnlyList<string> Run(IContractBackend backend, Scenario scenario, Coverage coverage)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(coverage);
        using var world = new World(scenario.Slots, coverage);
        using var poller = backend.Create();
        var runner = new ScenarioRunner(backend.Name, scenario, poller, world, coverage);
        runner.RunAll();
        coverage.Count(Situation.StaleEventDropped, poller.Statistics.StaleDropped);
        return runner._outcome;
    }

    private void RunAll()
    {
        for (_step = 0; _step < _scenario.Commands.Count; _step++)
            try
            {
                Run(_scenario.Commands[_step]);
            }
            catch (Exception e) when (e is not ScenarioFailureException)
            {
                throw new ScenarioFailureException(_backend, _scenario, _step, $"threw {e.GetType().Name}: {e.Message}", e);
            }
    }

    private void Run(Command command)
    {
        switch (command)
        {
            case AddSource add:
                Add(add);
                break;
            case ModifySource modify:
                command.Apply(_model);
                _check.Certain(modify.Slot);
                var changed = _model.Slots[modify.Slot].Registration!;
                Expect(PollerError.None, _poller.TryModify(_world[modify.Slot].Source, changed.Key, modify.Interest, modify.Mode));
                break;
            case RemoveSource remove:
                command.Apply(_model);
                Expect(PollerError.None, _poller.TryRemove(_world[remove.Slot].Source));
                break;
            case CallWake:
                command.Apply(_model);
                _poller.Wake();
                break;
            case PollReady wait:
                Poll(wait.Room);
                break;
            case WaitUntilWoken wait:
                Block(wait.Room, () => _poller.Wake(), expectWoken: true);
                _outcome.Add("woken");
                break;
            case WaitUntilPeerSends wait:
                var slot = _model.Slots[wait.Slot];
                Block(wait.Room, () => _world[wait.Slot].Link!.PeerSends(wait.Bytes), expectWoken: false, slot, wait.Bytes);
                break;
            default:
                CountSpentOneShotReset(command);
                _world.Run(command);
                command.Apply(_model);
                break;
        }
    }

    private void Add(AddSource add)
    {
        var place = _world[add.Slot];
        var replaced = _model.Slots[add.Slot].Registration;
        if (replaced is not null && !place.NumberReused)
            Expect(PollerError.None, _poller.TryRemove(place.Source)); // somebody else in the process has the number now
        else if (replaced is not null)
            _coverage.Count(Situation.NumberReused);
        add.Apply(_model);
        _check.Certain(add.Slot);
        var socket = place.Link!.Local;
        var old = place.Source;
        place.Source = add.Source switch
        {
            SourceKind.Handle => PollSource.FromHandle(socket.SafeHandle),
            SourceKind.Number => PollSource.FromSocket(socket.Handle),
            _ => socket,
        };
        var key = _model.Slots[add.Slot].Registration!.Key;
        Expect(PollerError.None, _poller.TryAdd(place.Source, key, add.Interest, add.Mode));
        Expect(PollerError.AlreadyRegistered, _poller.TryAdd(place.Source, ulong.MaxValue, Interest.Readable | Interest.Writable));
        if (replaced is not null && place.NumberReused)
            Expect(PollerError.BadDescriptor, _poller.TryModify(old, ulong.MaxValue, Interest.Readable | Interest.Writable));
    }

    private void Poll(int room)
    {
        var events = new PollEvent[room];
        var waits = _check.Begin(room);
        for (var wait = 0; wait < waits; wait++)
        {
            var count = _poller.Wait(events, TimeSpan.Zero, out var woken);
            _check.Observe(events.AsSpan(0, count), woken);
        }

        _outcome.Add(_check.End());
        CompareRegistrations();
    }

    private void Block(int room, Action meanwhile, bool expectWoken, SlotModel? slot = null, int bytes = 0)
    {
        using var waiter = BlockedWait.Start(_poller, room);
        if (waiter.UntilBlocked() && expectWoken)
            _coverage.Count(Situation.WokenWhileBlocked);
        meanwhile();
        var (events, woken) = waiter.Result();
        if (woken != expectWoken)
            Fail($"woken was {woken} from a Wait that {(expectWoken ? "was" : "was not")} woken");
        if (slot is null)
        {
            if (events.Length != 0)
                Fail($"a Wait with nothing ready reported {string.Join("; ", events)}");
            return;
        }

        var link = slot.Link!;
        link.Inbound += link.IsStream ? bytes : 1;
        _ = _check.Begin(room);
        _check.Observe(events, woken: false);
        _outcome.Add(_check.End());
    }

    private void CountSpentOneShotReset(Command command)
    {
        if (command is PeerResets reset
            && _model.Slots[reset.Slot].Registration is { Dead: false, Armed: false, Mode: PollMode.OneShot })
            _coverage.Count(Situation.SpentOneShotReset);
    }

    // The dump for debugging tells what the model knows.
    private void CompareRegistrations()
    {
        var told = _poller.GetRegistrations().Where(registration => !registration.Closed).ToDictionary(registration => registration.Key);
        foreach (var slot in _model.Slots)
        {
            if (!slot.IsRegistered)
                continue;
            var expected = slot.Registration!;
            if (!told.Remove(expected.Key, out var actual))
                Fail($"GetRegistrations lacks key {expected.Key}");
            if (actual.Interest != expected.Interest || actual.Mode != expected.Mode || actual.Armed != expected.Armed)
                Fail($"GetRegistrations tells {actual} where {expected.Interest}, {expected.Mode}, armed {expected.Armed} was expected");
        }

        if (told.Count != 0)
            Fail($"GetRegistrations tells of {told.Values.First()}, which is not registered");
    }

    private void Expect(PollerError expected, PollerError actual)
    {
        if (actual != expected)
            Fail($"answered {actual} where {expected} was expected");
    }

    private void Fail(string what) => throw new ScenarioFailureException(_backend, _scenario, _step, what);
}
