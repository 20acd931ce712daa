using System.Net.Sockets;
using Mux.Contract.Kernel;

namespace Mux.Contract.Sequences;

/// <summary>The sockets of a running scenario: does to the kernel what commands do to the model.</summary>
internal sealed class World(int slots, Coverage coverage) : IDisposable
{
    private readonly DescriptorRange _range = new();
    private readonly Place[] _places = [.. Enumerable.Range(0, slots).Select(_ => new Place())];

    internal sealed class Place
    {
        internal Link? Link { get; set; }
        internal int? LastNumber { get; set; }
        internal bool NumberReused { get; set; }
        internal int Duplicate { get; set; } = -1;
        internal Socket? GhostPeer { get; set; }

        /// <summary>What the current registration, dead ones included, was made with.</summary>
        internal PollSource Source { get; set; }
    }

    internal Place this[int slot] => _places[slot];

    /// <summary>Does what the command says, unless it is a call on the poller.</summary>
    internal void Run(Command command)
    {
        switch (command)
        {
            case OpenLink open:
                Open(_places[open.Slot], open);
                break;
            case PeerSends send:
                LinkOf(send).PeerSends(send.Bytes);
                break;
            case ReadSome read:
                LinkOf(read).Read(read.Bytes);
                break;
            case DrainAll drain:
                LinkOf(drain).Drain();
                break;
            case SendSome send:
                Send(LinkOf(send), send.Bytes);
                break;
            case FillBuffer fill:
                LinkOf(fill).Fill();
                coverage.Count(Situation.SendWouldBlock);
                break;
            case PeerDrains drain:
                LinkOf(drain).PeerDrains();
                break;
            case PeerHalfCloses close:
                LinkOf(close).PeerHalfCloses();
                break;
            case PeerCloses close:
                LinkOf(close).PeerCloses();
                break;
            case PeerResets reset:
                LinkOf(reset).PeerResets();
                break;
            case HalfClose close:
                LinkOf(close).Local.Shutdown(SocketShutdown.Send);
                break;
            case DuplicateDescriptor duplicate:
                _places[duplicate.Slot].Duplicate =
                    Posix.Duplicate((int)LinkOf(duplicate).Local.Handle, _range.LowestDuplicate);
                break;
            case CloseLink close:
                Close(_places[close.Slot]);
                break;
            case GhostPeerSends send:
                _places[send.Slot].GhostPeer!.Send(new byte[send.Bytes], SocketFlags.None, out _);
                break;
            case CloseDuplicate close:
                CloseGhost(_places[close.Slot]);
                break;
            default:
                throw new InvalidOperationException($"{command} is not about sockets.");
        }
    }

    public void Dispose()
    {
        foreach (var place in _places)
        {
            CloseGhost(place);
            place.Link?.Dispose();
        }
    }

    private Link LinkOf(SlotCommand command) => _places[command.Slot].Link!;

    private void Open(Place place, OpenLink open)
    {
        place.Link = Link.Open(open.Kind, open.Opening, _range, place.LastNumber);
        var number = (int)place.Link.Local.Handle;
        place.NumberReused = number == place.LastNumber;
        place.LastNumber = number;
    }

    private void Send(Link link, int bytes)
    {
        if (!link.Send(bytes))
            coverage.Count(Situation.SendWouldBlock);
        if (link.Peer is not null)
            return;
        if (link.Kind == LinkKind.Udp)
            Fence.UntilPendingError(link.Local);
        else
            Fence.UntilReset(link.Local);
    }

    // Mirrors CloseLink.Apply: a duplicate outlives its original only while its peer can still send.
    private static void Close(Place place)
    {
        var link = place.Link!;
        place.Link = null;
        if (place.Duplicate >= 0 && place.GhostPeer is null)
            place.GhostPeer = link.DetachPeer();
        link.Dispose();
    }

    private static void CloseGhost(Place place)
    {
        place.GhostPeer?.Dispose();
        place.GhostPeer = null;
        if (place.Duplicate >= 0)
            Posix.Close(place.Duplicate);
        place.Duplicate = -1;
    }
}
