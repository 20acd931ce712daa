using Mux.Contract.Kernel;

namespace Mux.Contract.Sequences;

/// <summary>How full the local end's send buffer is, as far as the contract lets a test know.</summary>
internal enum Outbound
{
    Empty,
    Some,
    Full,
}

/// <summary>What the contract says about one link's local end after what has happened to it.</summary>
internal sealed class LinkModel(LinkKind kind, Opening opening)
{
    internal LinkKind Kind { get; } = kind;
    internal Opening Opening { get; } = opening;
    internal bool Refused { get; } = opening == Opening.ToDeadPort;

    /// <summary>Bytes, or on UDP datagrams, that wait to be received.</summary>
    internal int Inbound { get; set; }
    internal Outbound Outbound { get; set; }
    internal bool PeerOpen { get; set; } = opening != Opening.ToDeadPort;
    internal bool PeerFin { get; set; }
    internal bool Reset { get; set; }

    /// <summary>An error (reset, refused) that nobody has read yet.</summary>
    internal bool ErrorPending { get; set; } = opening == Opening.ToDeadPort;
    internal bool SendShut { get; set; }
    internal bool HasDuplicate { get; set; }

    internal bool IsStream => Kind != LinkKind.Udp;
    internal bool IsAlive => !Reset && !Refused;
    internal bool PeerCanSend => PeerOpen && !PeerFin && IsAlive;
    internal bool CanSend =>
        IsAlive && !SendShut && Outbound != Outbound.Full && (PeerOpen || Kind != LinkKind.Unix) && (IsStream || !ErrorPending);

    /// <summary>What must be reported to whoever is interested (rules 1 and 4).</summary>
    internal Readiness Must
    {
        get
        {
            if (Refused)
                return ErrorPending ? Readiness.Readable | Readiness.Writable : Readiness.None;
            if (Reset || (!IsStream && ErrorPending))
                return Readiness.Readable | Readiness.Writable;
            var must = Inbound > 0 || PeerFin ? Readiness.Readable : Readiness.None;
            // A send after the own shutdown fails at once; a Unix socket on Linux says so only while there is room.
            if (!IsStream || Outbound == Outbound.Empty || (SendShut && Kind == LinkKind.Tcp))
                must |= Readiness.Writable;
            return must;
        }
    }

    /// <summary>What may be reported beside it: room in a send buffer is the kernel's business (rule 4).</summary>
    internal Readiness May
    {
        get
        {
            if (Refused) // nothing is promised once the error was read: neither connected, connecting nor listening
                return Readiness.Readable | Readiness.Writable;
            return Must | (IsStream ? Readiness.Writable : Readiness.None);
        }
    }

    /// <summary>The hints that would be true (rule 6).</summary>
    internal Readiness TrueHints
    {
        get
        {
            var hints = ErrorPending ? Readiness.Error : Readiness.None;
            if (!IsStream)
                return hints;
            if (PeerFin || !IsAlive)
                hints |= Readiness.ReadClosed;
            if (SendShut || !IsAlive || (Kind == LinkKind.Unix && !PeerOpen))
                hints |= Readiness.WriteClosed;
            return hints;
        }
    }
}
