using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using HelloHttp.Configuration;
using Mux;
using Xunit;

namespace HelloHttp.Tests.Server;

/// <summary>What the server leaves to the libraries, read from its compiled assembly.</summary>
public sealed class AssemblyTests
{
    [Fact]
    public void HelloHttp_has_no_native_calls()
    {
        using var file = Open(out var metadata);
        var native =
            from handle in metadata.MethodDefinitions
            let method = metadata.GetMethodDefinition(handle)
            where !method.GetImport().Module.IsNil
            select metadata.GetString(method.Name);
        Assert.Empty(native);
    }

    [Fact]
    public void HelloHttp_never_waits_by_itself()
    {
        using var file = Open(out var metadata);
        Assert.DoesNotContain($"{nameof(IPoller)}.{nameof(IPoller.Wait)}", CalledMembers(metadata));
        Assert.DoesNotContain($"{nameof(PollerExtensions)}.{nameof(PollerExtensions.Wait)}", CalledMembers(metadata));
    }

    [Fact]
    public void The_reading_of_called_members_finds_what_is_there()
    {
        using var file = Open(out var metadata);
        Assert.Contains($"{nameof(EagerSocket)}.{nameof(EagerSocket.TryReceive)}", CalledMembers(metadata));
    }

    /// <summary>A method of another assembly can only be called through a member reference.</summary>
    private static List<string> CalledMembers(MetadataReader metadata)
    {
        var members =
            from handle in metadata.MemberReferences
            let member = metadata.GetMemberReference(handle)
            where member.Parent.Kind == HandleKind.TypeReference
            let type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent)
            select $"{metadata.GetString(type.Name)}.{metadata.GetString(member.Name)}";
        return [.. members];
    }

    private static PEReader Open(out MetadataReader metadata)
    {
        var file = new PEReader(File.OpenRead(typeof(ServerOptions).Assembly.Location));
        metadata = file.GetMetadataReader();
        return file;
    }
}
