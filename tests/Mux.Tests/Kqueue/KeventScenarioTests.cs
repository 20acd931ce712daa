using Mux.Kqueue;
using Mux.Kqueue.Emulation;

namespace Mux.Tests.Kqueue;

/// <summary>The same situations on the emulation, on libkqueue and on a real kqueue, beside what a real BSD kernel answered.</summary>
public sealed class KeventScenarioTests
{
    /// <summary>
    /// Where libkqueue answers otherwise than a kernel, by scenario and step. The poller makes up for these or its documentation
    /// names them. Another deviation fails the test; one that a newer libkqueue no longer has does not.
    /// </summary>
    private static readonly Dictionary<string, string> DeviationsOfLibkqueue = new()
    {
        // EV_ADD of a filter that exists changes nothing.
        ["EV_ADD of a filter that exists, EV_DISABLE, close: 1 byte"] = "[READ ud=4 data=1]",
        ["EV_ADD of a filter that exists, EV_DISABLE, close: enabled"] = "[READ ud=4 data=1]",

        // One epoll entry for both filters: EV_CLEAR on WRITE makes READ edge-triggered too, and activity of one reports the other.
        // And FIN beside data is not told (where it was built without EPOLLRDHUP).
        ["peer ends its sending with data unread: 3 bytes and FIN"] = "[READ ud=5 data=3] [WRITE ud=5 data=room]",
        ["peer ends its sending with data unread: asked again"] = "none",
        ["peer ends its sending with data unread: all read"] = "none",
        ["peer ends its sending with data unread: peer closed"] = "none",
        ["peer resets with data unread: 3 bytes"] = "[READ ud=7 data=3] [WRITE ud=7 data=room]",
        ["peer resets with data unread: error read"] = "none",

        // SO_ERROR is read in order to tell it: by READ alone, in Linux's terms, and gone for the program.
        ["peer closes, and is sent to: answered with RST"] = "[READ ud=6 data=0 EOF EPIPE] [WRITE ud=6 data=room EOF]",
        ["peer resets with data unread: RST"] = "[READ ud=7 data=3 EOF ECONNRESET] [WRITE ud=7 data=room EOF]",
        ["peer resets with data unread: second recv"] = "0",
        ["connect, accepted and refused: refused"] = "[READ ud=10 data=0 EOF ECONNREFUSED] [WRITE ud=10 data=room EOF]",

        // epoll shouts for a socket that was never connected.
        ["connect, accepted and refused: not connected yet"] = "[READ ud=10 data=0 EOF] [WRITE ud=10 data=room EOF]",

        // How many connections wait is not known.
        ["listener: two wait"] = "[READ ud=11 data=1]",

        // Room that errors leave is filled with events.
        ["errors: a bad number and a good one"] = "2 [error ud=1 EBADF] [WRITE ud=2 data=room]",
    };

    [Theory]
    [InlineData(EmulatedSystem.MacOS)]
    [InlineData(EmulatedSystem.FreeBsd)]
    public void The_emulation_answers_as_a_real_BSD_kernel(EmulatedSystem system)
    {
        if (EmulatedKqueue.IsSupported)
            Assert.Equal(Golden(), KeventScenarios.Run(new EmulatedKernel(system), linuxNumbers: false));
    }

    [Fact]
    public void Libkqueue_deviates_where_it_is_known_to()
    {
        if (!OperatingSystem.IsLinux() || KqueueNative.Find(null, out _) is not { } calls)
            return;
        var transcript = KeventScenarios.Run(calls, linuxNumbers: true);
        Publish(transcript, "libkqueue");
        var answers = Steps(transcript);
        var kernel = Steps(Golden());
        Assert.Equal(kernel.Keys, answers.Keys);
        Assert.All(DeviationsOfLibkqueue.Keys, step => Assert.Contains(step, kernel.Keys));
        Assert.All(answers, a => Assert.Contains(a.Value, new[] { kernel[a.Key], DeviationsOfLibkqueue.GetValueOrDefault(a.Key) }));
    }

    /// <summary>
    /// Compares with this system's own golden file once there is one; its first transcript, published beside the test assembly,
    /// becomes that after somebody has read it. Until then it is held to what the poller relies on: the same filters report
    /// in the same steps as on the kernel that was seen.
    /// </summary>
    [Fact]
    public void A_real_kqueue_answers_as_recorded()
    {
        if (OperatingSystem.IsLinux() || KqueueNative.Find(null, out _) is not { } calls)
            return;
        var system = calls.Dialect.System;
        var transcript = KeventScenarios.Run(calls, linuxNumbers: false);
        Publish(transcript, system);
        if (Resource($"kevent.{system}.golden.txt") is { } own)
            Assert.Equal(own, transcript);
        else
            Assert.Equal(Steps(Golden(), filtersOnly: true), Steps(transcript, filtersOnly: true));
    }

    /// <summary>Answers by "scenario: step"; a step that recurs is counted.</summary>
    private static SortedDictionary<string, string> Steps(string transcript, bool filtersOnly = false)
    {
        var steps = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var scenario = "";
        foreach (var line in transcript.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(" -> ") is not [var step, var answer])
            {
                scenario = line;
                continue;
            }

            var name = $"{scenario}: {step.Trim()}";
            for (var turn = 2; steps.ContainsKey(name); turn++)
                name = $"{scenario}: {(turn == 2 ? "second" : $"{turn}th")} {step.Trim()}";
            steps[name] = filtersOnly && answer.StartsWith('[')
                ? string.Join(' ', answer.Split('[', StringSplitOptions.RemoveEmptyEntries).Select(e => string.Join(' ', e.Split(' ')[..2])))
                : answer;
        }

        return steps;
    }

    private static void Publish(string transcript, string system) =>
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, $"kqueue-transcript-{system}.txt"), transcript);

    private static string Golden() => Resource("kevent.golden.txt")!;

    private static string? Resource(string name)
    {
        using var stream = typeof(KeventScenarioTests).Assembly.GetManifestResourceStream(name);
        return stream is null ? null : new StreamReader(stream).ReadToEnd();
    }
}
