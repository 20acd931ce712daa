using Mux.Kqueue;
using Mux.Kqueue.Emulation;
using static Mux.Kqueue.KqueueNative;

namespace Mux.Tests.Kqueue;

/// <summary>A change that fails leaves everything as it was (rule 8), wherever in its list it fails.</summary>
public sealed class KqueueFailureTests
{
    private static readonly Interest[] Interests = [Interest.None, Interest.Readable, Interest.Writable, EmulatedPoller.Both];
    private static readonly PollMode[] Modes = [PollMode.Level, PollMode.OneShot, PollMode.Edge];

    [EmulationTheory]
    [InlineData(EmulatedSystem.MacOS)]
    [InlineData(EmulatedSystem.FreeBsd)]
    public void A_Modify_that_fails_at_any_of_its_changes_leaves_the_filters_as_they_were(EmulatedSystem system)
    {
        using var test = new EmulatedPoller(system);
        test.Send();
        var failures = 0;
        foreach (var (former, formerMode) in Settings())
        {
            foreach (var (next, nextMode) in Settings())
            {
                for (var position = 0; ; position++)
                {
                    test.Poller.Add(test.Near, 1, former, formerMode);
                    var before = test.Kernel.Filters();
                    var failed = FailAt(test.Kernel, position, ENOMEM, () => test.Poller.TryModify(test.Near, 2, next, nextMode), out var error);
                    if (!failed)
                    {
                        Assert.Equal(PollerError.None, error);
                        test.Poller.Remove(test.Near);
                        break;
                    }

                    failures++;
                    Assert.Equal(PollerError.OutOfResources, error);
                    Assert.Equal(before, test.Kernel.Filters());
                    var registration = Assert.Single(test.Poller.GetRegistrations());
                    Assert.Equal((1ul, former, formerMode, true), (registration.Key, registration.Interest, registration.Mode, registration.Armed));
                    PollEvent[] expected = former == Interest.None ? [] : [new(1, (Readiness)former)];
                    Assert.Equal(expected, test.Ready());
                    test.Poller.Remove(test.Near);
                }
            }
        }

        // Every pair of settings but those that end without a change can fail, most of them in several places.
        Assert.True(failures > 150, $"only {failures} failures were made");
    }

    [EmulationFact]
    public void An_Add_that_fails_at_any_of_its_changes_leaves_no_filter()
    {
        using var test = new EmulatedPoller();
        test.Send();
        var empty = test.Kernel.Filters();
        for (var position = 0; position < 2; position++)
        {
            Assert.True(FailAt(test.Kernel, position, ENOMEM, () => test.Poller.TryAdd(test.Near, 1, EmulatedPoller.Both), out var error));
            Assert.Equal(PollerError.OutOfResources, error);
            Assert.Equal(empty, test.Kernel.Filters());
            Assert.Equal(PollerError.NotRegistered, test.Poller.TryRemove(test.Near));
        }

        Assert.Equal(PollerError.None, test.Poller.TryAdd(test.Near, 1, EmulatedPoller.Both));
        Assert.Single(test.Ready());
    }

    [EmulationTheory]
    [InlineData(EBADF, PollerError.BadDescriptor)]
    [InlineData(ENOENT, PollerError.BadDescriptor)]
    [InlineData(ENOMEM, PollerError.OutOfResources)]
    [InlineData(ENOSPC, PollerError.OutOfResources)]
    [InlineData(EMFILE, PollerError.OutOfResources)]
    [InlineData(EPERM, PollerError.NotSupported)]
    [InlineData(EINVAL, PollerError.NotSupported)]
    [InlineData(ENODEV, PollerError.NotSupported)]
    public void The_kernels_errors_become_the_contracts(int errno, PollerError expected)
    {
        using var test = new EmulatedPoller();
        Assert.True(FailAt(test.Kernel, 0, errno, () => test.Poller.TryAdd(test.Near, 1, Interest.Readable), out var error));
        Assert.Equal(expected, error);
    }

    [EmulationFact]
    public void Remove_cannot_fail()
    {
        using var test = new EmulatedPoller();
        foreach (var errno in new[] { EBADF, ENOENT, ENOMEM })
        {
            test.Poller.Add(test.Near, 1, Interest.Readable);
            Assert.True(FailAt(test.Kernel, 0, errno, () => test.Poller.TryRemove(test.Near), out var error));
            Assert.Equal(PollerError.None, error);
            Assert.Empty(test.Poller.GetRegistrations());
        }
    }

    [EmulationFact]
    public void A_filter_that_memory_cannot_be_had_for_to_bring_back_is_back_when_there_is_some()
    {
        using var test = new EmulatedPoller();
        test.Poller.Add(test.Near, 1, Interest.Readable);
        test.Kernel.ChangeFault = (_, _, flags) => (flags & EV_ADD) != 0 ? ENOMEM : 0;
        Assert.Equal(PollerError.OutOfResources, test.Poller.TryModify(test.Near, 2, Interest.Readable, PollMode.Edge));
        test.Send();
        Assert.Empty(test.Ready());

        // Not an event but the poller's own patience ends the kernel's wait, again and again, until there is memory.
        var sleeps = 0;
        test.Kernel.Sleeping = () =>
        {
            if (++sleeps == 2)
                test.Kernel.ChangeFault = null;
        };
        var events = new PollEvent[4];
        Assert.Equal(1, test.Poller.Wait(events, Timeout.InfiniteTimeSpan));
        Assert.Equal(new PollEvent(1, Readiness.Readable), events[0]);
        Assert.Equal(2, sleeps);
        Assert.Single(test.Ready());
    }

    [EmulationFact]
    public void No_kqueue_and_no_user_filter_are_IOExceptions_that_leave_no_descriptor()
    {
        var kernel = new EmulatedKernel(EmulatedSystem.MacOS) { CreateFault = () => EMFILE };
        Assert.Contains("ulimit -n", Assert.Throws<IOException>(() => new KqueuePoller(kernel)).Message, StringComparison.Ordinal);
        kernel.CreateFault = null;
        kernel.ChangeFault = (_, _, _) => ENOMEM;
        Assert.Throws<IOException>(() => new KqueuePoller(kernel));
        Assert.Empty(kernel.Filters());
        kernel.ChangeFault = null;
        new KqueuePoller(kernel).Dispose();
    }

    private static IEnumerable<(Interest Interest, PollMode Mode)> Settings() =>
        Interests.SelectMany(_ => Modes, (interest, mode) => (interest, mode));

    /// <summary>Lets the n-th change of a call fail; false if the call made fewer.</summary>
    private static bool FailAt(EmulatedKernel kernel, int position, int errno, Func<PollerError> call, out PollerError error)
    {
        var made = 0;
        var failed = false;
        kernel.ChangeFault = (_, _, _) =>
        {
            if (made++ != position || failed)
                return 0;
            failed = true;
            return errno;
        };
        error = call();
        kernel.ChangeFault = null;
        return failed;
    }
}
