using Microsoft.Extensions.DependencyInjection.Extensions;
using Mux;
using Mux.Select;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the select backend to those a program can choose.</summary>
public static class SelectServiceCollectionExtensions
{
    /// <summary>Adds select: available everywhere, and what <c>auto</c> takes where nothing better is.</summary>
    /// <param name="builder">What AddMux returned.</param>
    public static IMuxBuilder AddSelect(this IMuxBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IPollerBackend, SelectBackend>());
        return builder;
    }
}
