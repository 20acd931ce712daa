using System.Net.Sockets;
using Mux.Kqueue;
using Mux.Kqueue.Emulation;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Tests.Kqueue;

/// <summary>The emulation where the recorded answers of a real kernel say nothing: kqueue(2)'s words.</summary>
public sealed unsafe class EmulatedKernelTests : IDisposable
{
    private readonly EmulatedKernel _kernel = new(EmulatedSystem.FreeBsd);
    private readonly EmulatedKernel _macOS = new(EmulatedSystem.MacOS);
    private readonly Socket _near;
    private readonly Socket _far;
    private readonly int _kq;

    public EmulatedKernelTests()
    {
        (_near, _far) = EmulatedPoller.Connect();
        _kq = _kernel.Create();
    }

    public void Dispose()
    {
        _kernel.Close(_kq);
        _near.Dispose();
        _far.Dispose();
    }

    [EmulationFact]
    public void A_receipt_without_room_ends_the_list()
    {
        // The change that there is no room to tell about is made, those behind it are not.
        Kevent[] changes =
        [
            Change(EVFILT_READ, EV_ADD | EV_RECEIPT),
            Change(EVFILT_WRITE, EV_ADD | EV_RECEIPT),
            Change(EVFILT_READ, EV_DELETE | EV_RECEIPT),
        ];
        Assert.Equal(1, Call(_kernel, _kq, changes, room: 1, out _));
        Assert.Equal(2, _kernel.Filters().Count);
    }

    [EmulationFact]
    public void An_error_without_room_is_the_calls_own()
    {
        Kevent[] changes = [Change(EVFILT_READ, EV_DELETE), Change(EVFILT_WRITE, EV_ADD)];
        Assert.Equal(-ENOENT, Call(_kernel, _kq, changes, room: 0, out _));
        Assert.Empty(_kernel.Filters());
    }

    [EmulationFact]
    public void Receipts_come_instead_of_events()
    {
        Assert.Equal(1, Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_ADD | EV_RECEIPT)], room: 4, out var receipts));
        Assert.Equal((EV_ERROR, 0L), (receipts[0].Flags, receipts[0].Data));
        Assert.Equal(1, Call(_kernel, _kq, [], room: 4, out var events));
        Assert.Equal(EVFILT_WRITE, events[0].Filter);
    }

    [EmulationFact]
    public void How_a_filter_reports_is_settled_when_it_is_created_but_its_user_data_comes_from_every_change()
    {
        Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_ADD, data: 1)], room: 0, out _);
        Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_ADD | EV_CLEAR, data: 2)], room: 0, out _);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(1, Call(_kernel, _kq, [], room: 4, out var events));
            Assert.Equal(2ul, events[0].UserData);
        }
    }

    [EmulationFact]
    public void EV_DISPATCH_disables_what_it_reports_until_it_is_enabled()
    {
        Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_ADD | EV_DISPATCH)], room: 0, out _);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(1, Call(_kernel, _kq, [], room: 4, out _));
            Assert.Equal(0, Call(_kernel, _kq, [], room: 4, out _));
            Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_ENABLE)], room: 0, out _);
        }
    }

    [EmulationFact]
    public void No_room_returns_at_once_whatever_the_timeout()
    {
        var forever = new Timespec { Seconds = 1_000_000 };
        Assert.Equal(0, _kernel.Call(_kq, null, 0, null, 0, &forever));
    }

    [EmulationFact]
    public void Darwin_refuses_timeouts_that_FreeBSD_takes()
    {
        var long1 = new Timespec { Seconds = 100_000_001 };
        var buffer = stackalloc byte[64];
        var kq = _macOS.Create();
        Assert.Equal(-EINVAL, _macOS.Call(kq, null, 0, buffer, 1, &long1));
        _macOS.Close(kq);
        Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_ADD)], room: 0, out _);
        Assert.Equal(1, _kernel.Call(_kq, null, 0, buffer, 1, &long1));
    }

    [EmulationFact]
    public void The_user_filter_of_another_system_is_refused()
    {
        Assert.Equal(-EINVAL, Call(_kernel, _kq, [Change(KeventDialect.MacOS.EVFILT_USER, EV_ADD)], room: 0, out _));
        var kq = _macOS.Create();
        Assert.Equal(-EINVAL, Call(_macOS, kq, [Change(KeventDialect.FreeBsd.EVFILT_USER, EV_ADD)], room: 0, out _));
        _macOS.Close(kq);
    }

    [EmulationFact]
    public void A_filter_is_gone_with_its_descriptor_though_a_duplicate_lives()
    {
        var (other, otherFar) = EmulatedPoller.Connect();
        Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_ADD)], room: 0, out _);
        KeventSession.Replace(_near.SafeHandle.DangerousGetHandle(), by: other.SafeHandle.DangerousGetHandle());
        Assert.Equal(-ENOENT, Call(_kernel, _kq, [Change(EVFILT_WRITE, EV_DELETE)], room: 0, out _));
        Assert.Equal(0, Call(_kernel, _kq, [], room: 4, out _));
        other.Dispose();
        otherFar.Dispose();
    }

    [EmulationFact]
    public void A_closed_kqueue_is_EBADF()
    {
        var kq = _kernel.Create();
        _kernel.Close(kq);
        Assert.Equal(-EBADF, Call(_kernel, kq, [], room: 1, out _));
    }

    private Kevent Change(short filter, int flags, ulong data = 0) => new()
    {
        Ident = (ulong)_near.SafeHandle.DangerousGetHandle(),
        Filter = filter,
        Flags = (ushort)flags,
        UserData = data,
    };

    private static int Call(EmulatedKernel kernel, int kq, Kevent[] changes, int room, out Kevent[] events)
    {
        var size = kernel.Dialect.Size;
        var input = new byte[(changes.Length + 1) * size];
        var output = new byte[(room + 1) * size];
        fixed (byte* i = input, o = output)
        {
            for (var n = 0; n < changes.Length; n++)
                kernel.Dialect.At(i, n) = changes[n];
            var now = default(Timespec);
            var count = kernel.Call(kq, i, changes.Length, o, room, &now);
            events = new Kevent[Math.Max(count, 0)];
            for (var n = 0; n < count; n++)
                events[n] = kernel.Dialect.At(o, n);
            return count;
        }
    }
}
