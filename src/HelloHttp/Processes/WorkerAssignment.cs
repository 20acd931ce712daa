using System.Globalization;
using HelloHttp.Hosting;

namespace HelloHttp.Processes;

/// <summary>
/// What a supervisor tells a worker process at its start, in an environment variable. sd_listen_fds(3) does not do: its
/// LISTEN_PID would have to be known before the process exists.
/// </summary>
/// <param name="Index">Which worker it is, from 0.</param>
/// <param name="Workers">How many there are.</param>
/// <param name="Status">The descriptor of a pipe on which it reports that it serves, or why it cannot.</param>
/// <param name="Listeners">The descriptors of its listeners.</param>
internal sealed record WorkerAssignment(int Index, int Workers, int Status, IReadOnlyList<int> Listeners)
{
    /// <summary>The variable's name.</summary>
    internal const string Variable = "HELLOHTTP_WORKER";

    /// <summary>The numbers in their order, with a space between them.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Index} {Workers} {Status} {string.Join(' ', Listeners)}");

    /// <summary>The assignment of this process, once: the variable is removed.</summary>
    /// <returns>Null if no supervisor has started it.</returns>
    /// <exception cref="StartupException">The variable holds something else.</exception>
    internal static WorkerAssignment? Take()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } text)
            return null;
        Environment.SetEnvironmentVariable(Variable, null);
        return Parse(text)
            ?? throw new StartupException($"{Variable} is '{text}', which is no supervisor's doing; it is not meant to be set by hand.");
    }

    /// <summary>Reads what <see cref="ToString"/> has written; null if it is something else.</summary>
    internal static WorkerAssignment? Parse(string text)
    {
        var parts = text.Split(' ');
        var numbers = new int[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
                return null;
        }

        return numbers is [var index, var workers, var status, .. { Length: > 0 } listeners] && index < workers
            ? new(index, workers, status, listeners)
            : null;
    }

    /// <summary>This worker's part of a number of places that all workers have together.</summary>
    /// <param name="places">The places; 0 is no limit.</param>
    internal int ShareOf(int places) => (places / Workers) + (Index < places % Workers ? 1 : 0);
}
