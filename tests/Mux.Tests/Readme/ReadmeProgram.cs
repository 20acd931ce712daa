using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Mux.Tests.Readme;

/// <summary>A complete program from a fenced block of README.md, compiled as it stands there, implicit usings included.</summary>
internal sealed partial class ReadmeProgram
{
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    private readonly string _text;

    private ReadmeProgram(string text) => _text = text;

    /// <summary>How many lines a reader has to read.</summary>
    internal int Lines => _text.Split('\n').Count(line => !string.IsNullOrWhiteSpace(line));

    internal static IReadOnlyList<ReadmeProgram> All() =>
        [.. CSharpBlock().Matches(File.ReadAllText(Find("README.md"))).Select(m => new ReadmeProgram(m.Groups[1].Value))];

    /// <summary>Compiles and runs the program in a thread of its own; returns what it printed.</summary>
    internal string Run()
    {
        var main = Compile().EntryPoint!;
        var output = new StringWriter();
        var console = Console.Out;
        Console.SetOut(TextWriter.Synchronized(output));
        try
        {
            Exception? failure = null;
            var thread = new Thread(() =>
            {
                try
                {
                    main.Invoke(null, [Array.Empty<string>()]);
                }
                catch (TargetInvocationException e)
                {
                    failure = e.InnerException;
                }
            })
            { IsBackground = true };
            thread.Start();
            Assert.True(thread.Join(TimeSpan.FromSeconds(60)), $"The program does not end. It printed:\n{output}");
            Assert.True(failure is null, $"The program failed: {failure}");
            return output.ToString();
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    private Assembly Compile()
    {
        var platform = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var ours = Directory.GetFiles(AppContext.BaseDirectory, "Mux*.dll");
        var compilation = CSharpCompilation.Create(
            $"ReadmeProgram{Guid.NewGuid():N}",
            [CSharpSyntaxTree.ParseText(ImplicitUsings), CSharpSyntaxTree.ParseText(_text, path: "README.md")],
            platform.Concat(ours).Distinct().Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        var complaints = result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning).ToList();
        Assert.True(complaints.Count == 0, $"README's program does not compile cleanly:\n{string.Join('\n', complaints)}\n{_text}");
        image.Position = 0;
        return AssemblyLoadContext.Default.LoadFromStream(image);
    }

    /// <summary>The file in the nearest folder above the tests that has one.</summary>
    private static string Find(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, name);
            if (File.Exists(path))
                return path;
        }

        throw new FileNotFoundException($"No {name} above {AppContext.BaseDirectory}.");
    }

    [GeneratedRegex(@"^```csharp\r?\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex CSharpBlock();
}
