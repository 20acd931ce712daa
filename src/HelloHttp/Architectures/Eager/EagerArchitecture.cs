namespace HelloHttp.Architectures.Eager;

/// <summary>One event loop per core on listeners that all share; nobody waits before a call has said that it would block.</summary>
internal sealed class EagerArchitecture : IArchitecture
{
    internal const string ArchitectureName = "eager";

    /// <inheritdoc/>
    public string Name => ArchitectureName;

    /// <inheritdoc/>
    public IRunningServer Start(ServerContext context) => new EagerServer(context);
}
