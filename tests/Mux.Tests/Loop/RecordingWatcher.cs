namespace Mux.Tests.Loop;

/// <summary>Writes down what it is told, under its name, in a journal that several may share.</summary>
internal sealed class RecordingWatcher(string name, List<string> journal, Action<RecordingWatcher>? onReady = null) : Watcher
{
    internal Action<RecordingWatcher>? OnReadyAction { get; set; } = onReady;

    internal Action? OnRunAgainAction { get; set; }

    internal Action? OnStoppedAction { get; set; }

    internal Exception? Fault { get; private set; }

    protected internal override void OnReady(Readiness readiness)
    {
        journal.Add($"{name}: {readiness}");
        OnReadyAction?.Invoke(this);
    }

    protected internal override void OnRunAgain()
    {
        journal.Add($"{name}: again");
        OnRunAgainAction?.Invoke();
    }

    protected internal override void OnFaulted(Exception exception)
    {
        Fault = exception;
        journal.Add($"{name}: faulted{(IsRegistered ? " while registered" : "")}");
    }

    protected internal override void OnStopped()
    {
        journal.Add($"{name}: stopped{(IsRegistered ? " while registered" : "")}");
        OnStoppedAction?.Invoke();
    }

    public override string ToString() => name;
}
