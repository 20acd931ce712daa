namespace HelloHttp.Configuration;

/// <summary>What a worker is.</summary>
internal enum WorkerModel
{
    /// <summary>A thread of the one process.</summary>
    Thread,

    /// <summary>A process of its own, under a supervisor that serves nothing.</summary>
    Process,
}
