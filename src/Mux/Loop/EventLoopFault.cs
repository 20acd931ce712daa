namespace Mux;

/// <summary>An exception that got out of code which an <see cref="EventLoop"/> called.</summary>
/// <param name="Loop">The loop; it goes on.</param>
/// <param name="Exception">What was thrown.</param>
/// <param name="Origin">The <see cref="Watcher"/>, the <see cref="LoopTimer"/>, or the state of the posted callback.</param>
public readonly record struct EventLoopFault(EventLoop Loop, Exception Exception, object? Origin);
