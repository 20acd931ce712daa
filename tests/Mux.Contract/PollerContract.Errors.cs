using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Mux.Contract.Kernel;
using Xunit;

namespace Mux.Contract;

/// <summary>Rule 8: what is refused, how it is told, and that a failed call changes nothing.</summary>
public abstract partial class PollerContract<TBackend>
{
    [ContractFact]
    [Trait("Rule", "8")]
    public void Adding_twice_is_AlreadyRegistered_and_changes_nothing()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Writable);
        Assert.Equal(PollerError.AlreadyRegistered, poller.TryAdd(link.Local, 2, Both, PollMode.OneShot));
        AssertFails<InvalidOperationException>(poller, () => poller.Add(link.Local, 2, Both, PollMode.OneShot));
        link.PeerSends(1);
        for (var i = 0; i < 2; i++)
            AssertReady(poller, 1, Readiness.Writable);
    }

    [ContractFact]
    [Trait("Rule", "8")]
    public void What_is_not_registered_is_NotRegistered()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        Assert.Equal(PollerError.NotRegistered, poller.TryModify(link.Local, 1, Both));
        Assert.Equal(PollerError.NotRegistered, poller.TryRemove(link.Local));
        Assert.Equal(PollerError.NotRegistered, poller.TryModify(PollSource.FromSocket(link.Local.Handle), 1, Both));
        AssertFails<InvalidOperationException>(poller, () => poller.Modify(link.Local, 1, Both));
        AssertFails<InvalidOperationException>(poller, () => poller.Remove(link.Local));
        Assert.Empty(poller.GetRegistrations());
        AssertSilent(poller);
    }

    [ContractFact]
    [Trait("Rule", "8")]
    public void No_descriptor_and_an_invalid_one_are_BadDescriptor()
    {
        using var poller = Backend.Create();
        foreach (var bad in new[] { default, PollSource.FromDescriptor(-1), PollSource.FromSocket(-1), PollSource.FromSocket(null) })
        {
            Assert.Equal(PollerError.BadDescriptor, poller.TryAdd(bad, 1, Both));
            Assert.Equal(PollerError.BadDescriptor, poller.TryModify(bad, 1, Both));
            Assert.Equal(PollerError.BadDescriptor, poller.TryRemove(bad));
            AssertFails<ArgumentException>(poller, () => poller.Add(bad, 1, Both));
            AssertFails<ArgumentException>(poller, () => poller.Modify(bad, 1, Both));
            AssertFails<ArgumentException>(poller, () => poller.Remove(bad));
        }

        Assert.Empty(poller.GetRegistrations());
    }

    [ContractFact]
    [Trait("Rule", "8")]
    public void A_closed_descriptor_is_BadDescriptor_and_is_not_kept()
    {
        using var poller = Backend.Create();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Dispose();
        Assert.Equal(PollerError.BadDescriptor, poller.TryAdd(socket, 1, Both));
        AssertFails<ArgumentException>(poller, () => poller.Add(socket, 1, Both));
        Assert.Equal(PollerError.NotRegistered, poller.TryRemove(socket));
        Assert.Empty(poller.GetRegistrations());
    }

    [ContractFact(UnixOnly = true)]
    [Trait("Rule", "8")]
    public void A_closed_number_is_BadDescriptor_and_is_not_kept()
    {
        using var poller = Backend.Create();
        foreach (var interest in new[] { Both, Interest.Readable, Interest.Writable, Interest.None })
        {
            var closed = PollSource.FromSocket((nint)1_000_000);
            Assert.Equal(PollerError.BadDescriptor, poller.TryAdd(closed, 1, interest));
            Assert.Equal(PollerError.NotRegistered, poller.TryRemove(closed));
        }

        Assert.Equal(0, poller.Statistics.Registrations);
        AssertSleeps(poller);
    }

    [ContractFact(UnixOnly = true)]
    [Trait("Rule", "8")]
    public void Regular_files_and_directories_are_NotSupported_and_are_not_kept()
    {
        using var poller = Backend.Create();
        var path = Path.GetTempFileName();
        try
        {
            using var file = File.OpenHandle(path);
            using var directory = new SafeFileHandle(Posix.OpenDirectory(Path.GetTempPath()), ownsHandle: true);
            foreach (var handle in new[] { file, directory })
                foreach (var interest in new[] { Interest.Readable, Interest.Writable, Both, Interest.None })
                    foreach (var source in new PollSource[] { handle, PollSource.FromDescriptor(handle.DangerousGetHandle()) })
                    {
                        Assert.Equal(PollerError.NotSupported, poller.TryAdd(source, 1, interest));
                        Assert.Equal(PollerError.NotRegistered, poller.TryRemove(source));
                        AssertFails<NotSupportedException>(poller, () => poller.Add(source, 1, interest));
                    }
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Empty(poller.GetRegistrations());
        AssertSleeps(poller);
    }

    [ContractFact]
    [Trait("Rule", "8")]
    public void Modes_beyond_the_features_are_NotSupported_and_change_nothing()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        using var other = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Writable);
        var beyond = new List<PollMode> { PollMode.OneShot | PollMode.Exclusive };
        if ((poller.Features & PollerFeatures.EdgeTriggered) == 0)
            beyond.Add(PollMode.Edge);
        if ((poller.Features & PollerFeatures.ExclusiveWakeUp) == 0)
            beyond.AddRange([PollMode.Exclusive, PollMode.Edge | PollMode.Exclusive]);
        foreach (var mode in beyond)
        {
            Assert.Equal(PollerError.NotSupported, poller.TryAdd(other.Local, 2, Both, mode));
            Assert.Equal(PollerError.NotSupported, poller.TryModify(link.Local, 2, Both, mode));
            AssertFails<NotSupportedException>(poller, () => poller.Add(other.Local, 2, Both, mode));
            AssertFails<NotSupportedException>(poller, () => poller.Modify(link.Local, 2, Both, mode));
        }

        link.PeerSends(1);
        var e = Assert.Single(Poll(poller));
        Assert.Equal((1ul, Readiness.Writable), (e.Key, e.Readiness & ReadyBoth));
        AssertReady(poller, 1, Readiness.Writable);
    }

    [ContractFact]
    [Trait("Rule", "8")]
    public void Undefined_interests_and_modes_are_argument_errors_and_change_nothing()
    {
        using var poller = Backend.Create();
        using var link = Link.Open(LinkKind.Tcp);
        poller.Add(link.Local, 1, Interest.Writable);
        Assert.ThrowsAny<ArgumentException>(() => poller.TryModify(link.Local, 2, (Interest)4));
        Assert.ThrowsAny<ArgumentException>(() => poller.TryModify(link.Local, 2, Both, (PollMode)8));
        Assert.ThrowsAny<ArgumentException>(() => poller.TryModify(link.Local, 2, Both, PollMode.OneShot | PollMode.Edge));
        using var other = Link.Open(LinkKind.Tcp);
        Assert.ThrowsAny<ArgumentException>(() => poller.TryAdd(other.Local, 2, (Interest)8));
        AssertReady(poller, 1, Readiness.Writable);
        Assert.Single(poller.GetRegistrations());
    }

    [ContractFact]
    [Trait("Rule", "8")]
    public void Every_error_is_explained()
    {
        using var poller = Backend.Create();
        foreach (var error in Enum.GetValues<PollerError>())
            Assert.False(string.IsNullOrWhiteSpace(poller.Explain(error)));
        Assert.False(string.IsNullOrWhiteSpace(poller.Name));
    }

    private static void AssertFails<TException>(IPoller poller, Action call)
        where TException : Exception
    {
        var e = Assert.ThrowsAny<TException>(call);
        Assert.Contains(poller.Name, e.Message, StringComparison.Ordinal);

        // Name, source and a clause that says what to do or what is wrong.
        Assert.True(e.Message.Length > poller.Name.Length + 30, $"'{e.Message}' shows no way out.");
    }
}
