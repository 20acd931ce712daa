using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Mux.Contract;

/// <summary>
/// A fact of the contract. It is skipped, with the reason, where the backend of the deriving class is not available,
/// lacks a feature that the fact is about, or has declared a deviation that the fact would meet.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Mux.Contract.ContractFactDiscoverer", "Mux.Contract")]
public sealed class ContractFactAttribute : FactAttribute
{
    /// <summary>Features without which the fact says nothing.</summary>
    public PollerFeatures Requires { get; set; }

    /// <summary>The deviation that excuses a backend from it.</summary>
    public KnownDeviation ExcusedBy { get; set; }

    /// <summary>Whether it needs a Unix system: signals, pipes, duplicates of descriptors.</summary>
    public bool UnixOnly { get; set; }
}

/// <summary>Finds <see cref="ContractFactAttribute"/> for the test framework.</summary>
public sealed class ContractFactDiscoverer(IMessageSink diagnosticMessageSink) : FactDiscoverer(diagnosticMessageSink)
{
    /// <inheritdoc/>
    protected override IXunitTestCase CreateTestCase(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        new ContractTestCase(
            DiagnosticMessageSink,
            discoveryOptions.MethodDisplayOrDefault(),
            discoveryOptions.MethodDisplayOptionsOrDefault(),
            testMethod);
}

/// <summary>A test case that asks the deriving class's backend whether it applies.</summary>
public sealed class ContractTestCase : XunitTestCase
{
    /// <summary>For the framework's deserialization only.</summary>
    [Obsolete("Called by the test framework only.")]
    public ContractTestCase()
    {
    }

    internal ContractTestCase(
        IMessageSink sink, TestMethodDisplay display, TestMethodDisplayOptions displayOptions, ITestMethod method)
        : base(sink, display, displayOptions, method)
    {
    }

    /// <inheritdoc/>
    protected override string? GetSkipReason(IAttributeInfo factAttribute)
    {
        if (base.GetSkipReason(factAttribute) is { } reason)
            return reason;
        var backend = BackendOf(TestMethod.TestClass.Class.ToRuntimeType());
        if (backend is null)
            return null;
        if (backend.UnavailableReason is { } unavailable)
            return unavailable;
        if (factAttribute.GetNamedArgument<bool>(nameof(ContractFactAttribute.UnixOnly)) && OperatingSystem.IsWindows())
            return "needs a Unix system";
        var missing = factAttribute.GetNamedArgument<PollerFeatures>(nameof(ContractFactAttribute.Requires)) & ~backend.Features;
        if (missing != PollerFeatures.None)
            return $"{backend.Name} does not offer {missing}";
        var deviation = factAttribute.GetNamedArgument<KnownDeviation>(nameof(ContractFactAttribute.ExcusedBy));
        return backend.Deviations.TryGetValue(deviation, out var why) ? $"{deviation}: {why}" : null;
    }

    private static IContractBackend? BackendOf(Type? type)
    {
        for (; type is not null; type = type.BaseType)
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(PollerContract<>))
                return (IContractBackend?)Activator.CreateInstance(type.GetGenericArguments()[0]);
        return null;
    }
}
