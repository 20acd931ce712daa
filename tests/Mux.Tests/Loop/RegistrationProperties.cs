using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Mux.Tests.Loop;

/// <summary>Handlers that change registrations while a batch is delivered, against a model that counts changes.</summary>
public class RegistrationProperties
{
    public enum Act
    {
        Register,
        Unregister,
        Modify,
        Replace,
        RunAgain,
        Throw,
    }

    /// <summary>What one handler call does.</summary>
    /// <param name="What">The act.</param>
    /// <param name="Watcher">Whom it concerns; throwing concerns the called one.</param>
    /// <param name="Descriptor">Where to.</param>
    public sealed record Deed(Act What, int Watcher, int Descriptor);

    private const int Watchers = 5;
    private const int Descriptors = 4;

    private static readonly Gen<Deed> Deeds =
        from what in Gen.Frequency(
            (3, Gen.Constant(Act.Register)), (3, Gen.Constant(Act.Unregister)), (3, Gen.Constant(Act.Modify)),
            (4, Gen.Constant(Act.Replace)), (1, Gen.Constant(Act.RunAgain)), (1, Gen.Constant(Act.Throw)))
        from watcher in Gen.Choose(0, Watchers - 1)
        from descriptor in Gen.Choose(0, Descriptors - 1)
        select new Deed(what, watcher, descriptor);

    /// <summary>Each turn: the descriptors that are ready, in the order of the batch, and what the handlers called do in turn.</summary>
    private static readonly Gen<(int[] Ready, Deed[] Deeds)> Turns =
        from ready in Gen.Shuffle(Enumerable.Range(0, Descriptors).ToArray())
        from count in Gen.Choose(1, Descriptors)
        from deeds in Deeds.ArrayOf(12)
        select (ready[..count], deeds);

    [Property(MaxTest = 300)]
    public Property An_event_reaches_its_registration_if_that_has_not_changed_since_and_nobody_else() =>
        Prop.ForAll(Turns.ArrayOf().Resize(25).ToArbitrary(), static turns =>
        {
            using var script = new Script(turns);
            script.Run();
            Assert.Equal(script.Expected, script.Actual);
            Assert.Equal(script.Stale, script.Loop.Statistics.StaleEvents);
            Assert.Equal(script.Faults, script.Loop.Statistics.Faults);
        });

    [Fact]
    public void The_property_meets_stale_events_replacements_and_faults()
    {
        var (stale, faults, delivered) = (0L, 0L, 0);
        foreach (var turns in Turns.ArrayOf().Resize(25).Sample(100, 25))
        {
            using var script = new Script(turns);
            script.Run();
            (stale, faults, delivered) = (stale + script.Stale, faults + script.Faults, delivered + script.Actual.Count);
        }

        Assert.True(stale >= 50, $"{stale} stale events");
        Assert.True(faults >= 50, $"{faults} faults");
        Assert.True(delivered >= 500, $"{delivered} calls");
    }

    private sealed class Script : IDisposable
    {
        private readonly ScriptedPoller _poller = new();
        private readonly (int[] Ready, Deed[] Deeds)[] _turns;
        private readonly RecordingWatcher[] _watchers = new RecordingWatcher[Watchers];

        // The model: who is registered where, and how often that has changed.
        private readonly int?[] _ownerOf = new int?[Descriptors];
        private readonly int[] _changes = new int[Descriptors];
        private readonly HashSet<int> _again = [];
        private List<(int Descriptor, int Changes)> _batch = [];
        private Deed[] _deeds = [];
        private int _nextDeed;

        internal Script((int[] Ready, Deed[] Deeds)[] turns)
        {
            _turns = turns;
            Loop = new(_poller, new() { OnFault = static _ => { } });
            for (var i = 0; i < Watchers; i++)
            {
                var number = i;
                _watchers[i] = new($"{i}", Actual, _ => Called(number));
                _watchers[i].OnRunAgainAction = () => CalledAgain(number);
            }
        }

        internal EventLoop Loop { get; }

        internal List<string> Actual { get; } = [];

        internal List<string> Expected { get; } = [];

        internal long Stale { get; private set; }

        internal long Faults { get; private set; }

        internal void Run()
        {
            for (var i = 0; i < Descriptors; i++)
                Do(new(Act.Register, i, i));
            foreach (var (ready, deeds) in _turns)
            {
                _poller.Then(() =>
                {
                    SettleBatch(upTo: null);
                    var present = ready.Where(d => _ownerOf[d] is not null).ToList();
                    _batch = [.. present.Select(d => (d, _changes[d]))];
                    (_deeds, _nextDeed) = (deeds, 0);
                    return present.Select(static d => (d, Readiness.Readable));
                });
            }

            _poller.Then(() =>
            {
                SettleBatch(upTo: null);
                foreach (var watcher in _watchers)
                    Loop.Unregister(watcher);
                Loop.Stop();
            });
            Loop.Run();
        }

        public void Dispose() => Loop.Dispose();

        /// <summary>Counts the events that must have been dropped before the one that is delivered now.</summary>
        private void SettleBatch(int? upTo)
        {
            while (_batch.Count > 0)
            {
                var (descriptor, changes) = _batch[0];
                var isAlive = _changes[descriptor] == changes;
                if (upTo is not null && isAlive)
                    return;
                _batch.RemoveAt(0);

                // At the end of a batch nothing that is alive may be left over.
                if (isAlive)
                    Expected.Add($"event on {descriptor} was not delivered");
                else
                    Stale++;
            }
        }

        private void Called(int watcher)
        {
            SettleBatch(watcher);
            if (_batch.Count == 0)
            {
                Expected.Add("no event was left");
                return;
            }

            var (descriptor, _) = _batch[0];
            _batch.RemoveAt(0);
            Expected.Add($"{_ownerOf[descriptor]}: Readable");
            Next(watcher);
        }

        private void CalledAgain(int watcher)
        {
            Expected.Add(_again.Remove(watcher) ? $"{watcher}: again" : $"{watcher} had not asked");
            Next(watcher);
        }

        private void Next(int called)
        {
            if (_nextDeed == _deeds.Length)
                return;
            var deed = _deeds[_nextDeed++];
            if (deed.What == Act.Throw)
            {
                Faults++;
                Forget(called);
                Expected.Add($"{called}: faulted");
                throw new FormatException();
            }

            Do(deed);
        }

        private void Do(Deed deed)
        {
            var watcher = _watchers[deed.Watcher];
            var source = PollSource.FromDescriptor(deed.Descriptor);
            switch (deed.What)
            {
                case Act.Register when !watcher.IsRegistered:
                    var taken = _ownerOf[deed.Descriptor] is not null;
                    Assert.Equal(
                        taken ? PollerError.AlreadyRegistered : PollerError.None,
                        Loop.TryRegister(watcher, source, Interest.Readable));
                    if (!taken)
                        Own(deed.Descriptor, deed.Watcher);
                    break;
                case Act.Unregister:
                    Assert.Equal(Array.IndexOf(_ownerOf, deed.Watcher) >= 0, Loop.Unregister(watcher));
                    Forget(deed.Watcher);
                    break;
                case Act.Modify:
                    var place = Array.IndexOf(_ownerOf, deed.Watcher);
                    Assert.Equal(
                        place < 0 ? PollerError.NotRegistered : PollerError.None,
                        Loop.TryModify(watcher, Interest.Readable));
                    if (place >= 0)
                        _changes[place]++;
                    break;
                case Act.Replace:
                    if (_ownerOf[deed.Descriptor] is { } owner)
                    {
                        Loop.Unregister(_watchers[owner]);
                        Forget(owner);
                    }

                    Loop.Unregister(watcher);
                    Forget(deed.Watcher);
                    Loop.Register(watcher, source, Interest.Readable);
                    Own(deed.Descriptor, deed.Watcher);
                    break;
                case Act.RunAgain:
                    Loop.RunAgain(watcher);
                    _again.Add(deed.Watcher);
                    break;
            }
        }

        private void Own(int descriptor, int watcher)
        {
            _ownerOf[descriptor] = watcher;
            _changes[descriptor]++;
        }

        private void Forget(int watcher)
        {
            _again.Remove(watcher);
            var descriptor = Array.IndexOf(_ownerOf, watcher);
            if (descriptor < 0)
                return;
            _ownerOf[descriptor] = null;
            _changes[descriptor]++;
        }
    }
}
