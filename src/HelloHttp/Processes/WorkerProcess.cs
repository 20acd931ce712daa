using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using HelloHttp.Hosting;
using Mux;

namespace HelloHttp.Processes;

/// <summary>
/// A worker process as its supervisor sees it: a copy of this program with the same command line, which has inherited its
/// listeners. (A managed process cannot fork: only the forking thread would exist in the copy.)
/// </summary>
internal sealed class WorkerProcess : IDisposable
{
    // A descriptor is open to whatever process is started while it is inheritable.
    private static readonly Lock Starting = new();

    private readonly Process _process;
    private readonly long _begun;
    private readonly TimeProvider _time;

    private WorkerProcess(Process process, Task<string?> status, TimeProvider time)
    {
        _process = process;
        _time = time;
        _begun = time.GetTimestamp();
        Id = process.Id;
        Status = status;
        Exited = process.WaitForExitAsync();
    }

    internal int Id { get; }

    /// <summary><see cref="SupervisorLink.Serving"/>, or why it cannot serve; null if it has ended without a word.</summary>
    internal Task<string?> Status { get; }

    /// <summary>Complete when the process has ended.</summary>
    internal Task Exited { get; }

    /// <summary>How long ago it was started.</summary>
    internal TimeSpan Age => _time.GetElapsedTime(_begun);

    /// <summary>Its exit code; 128 and the signal's number if a signal ended it. Only after <see cref="Exited"/>.</summary>
    internal int ExitCode => _process.ExitCode;

    /// <summary>Starts one.</summary>
    /// <param name="index">Which worker it is.</param>
    /// <param name="workers">How many there are.</param>
    /// <param name="listeners">What it inherits.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">The system has no process, descriptor or memory left for it.</exception>
    internal static WorkerProcess Start(int index, int workers, IReadOnlyList<ListenSocket> listeners, TimeProvider time)
    {
        lock (Starting)
        {
            try
            {
                using var inheritable = new Inheritable(listeners);
                var pipe = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
                try
                {
                    var status = int.Parse(pipe.GetClientHandleAsString(), CultureInfo.InvariantCulture);
                    var info = Command();
                    info.RedirectStandardInput = true;
                    info.Environment[WorkerAssignment.Variable] = new WorkerAssignment(
                        index, workers, status, [.. listeners.Select(l => (int)l.Socket.Descriptor)]).ToString();
                    var process = Process.Start(info)!;
                    pipe.DisposeLocalCopyOfClientHandle();
                    return new(process, ReadStatusAsync(pipe), time);
                }
                catch
                {
                    pipe.DisposeLocalCopyOfClientHandle();
                    pipe.Dispose();
                    throw;
                }
            }
            catch (Exception e) when (e is Win32Exception or IOException)
            {
                throw new StartupException($"Cannot start worker process {index}: {e.Message}.", e);
            }
        }
    }

    /// <summary>Makes it stop in order: its standard input ends.</summary>
    internal void Drain()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended.
        }
    }

    /// <summary>Ends it at once.</summary>
    internal void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended.
        }
    }

    public void Dispose() => _process.Dispose();

    /// <summary>How this program was started, with the same arguments.</summary>
    private static ProcessStartInfo Command()
    {
        var program = Environment.ProcessPath
            ?? throw new StartupException("--worker-model process starts this program again, and the system does not say where it is.");
        var info = new ProcessStartInfo(program) { UseShellExecute = false };

        // Started as "dotnet HelloHttp.dll", the program is the host and the assembly its first argument.
        if (Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            info.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, $"{typeof(WorkerProcess).Assembly.GetName().Name}.dll"));
        foreach (var argument in Environment.GetCommandLineArgs().Skip(1))
            info.ArgumentList.Add(argument);
        return info;
    }

    private static async Task<string?> ReadStatusAsync(AnonymousPipeServerStream pipe)
    {
        using var reader = new StreamReader(pipe);
        return await reader.ReadLineAsync().ConfigureAwait(false);
    }

    /// <summary>Makes listeners inheritable for the moment of starting a process.</summary>
    private readonly ref struct Inheritable
    {
        private readonly IReadOnlyList<ListenSocket> _listeners;

        internal Inheritable(IReadOnlyList<ListenSocket> listeners)
        {
            _listeners = listeners;
            Set(true);
        }

        public void Dispose() => Set(false);

        private void Set(bool inheritable)
        {
            foreach (var listener in _listeners)
                listener.SetInheritable(inheritable);
        }
    }
}
