using Microsoft.Extensions.DependencyInjection;

namespace Mux;

/// <summary>Takes the backends: each adds itself with an extension, <c>AddEpoll()</c>, <c>AddKqueue()</c>, <c>AddSelect()</c>.</summary>
public interface IMuxBuilder
{
    /// <summary>The services of the program.</summary>
    IServiceCollection Services { get; }
}
