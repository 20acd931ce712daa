#!/usr/bin/env dotnet
// Shows that the tests can fail: puts one defect at a time into a copy of the tree and expects `dotnet test` to go red.
//
//   dotnet run tests/Defects/RunDefects.cs                  every list beside this file
//   dotnet run tests/Defects/RunDefects.cs epoll shared     only these lists
//   dotnet run tests/Defects/RunDefects.cs epoll --only disarm
//
// A list is NAME.defects: for each defect a line "# what is broken", a line "file PATH", and the one-line change as
// "- old" and "+ new". "old" must stand exactly once in the file. A defect in "shared" must turn every backend red that
// this machine runs, one in another list the backend of that name; one in "http" any of HelloHttp's tests.
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property EnforceCodeStyleInBuild=false
#:property PublishAot=false

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

const string HttpTests = "tests/HelloHttp.Tests";

var here = Path.GetDirectoryName(SourcePath())!;
var root = Path.GetFullPath(Path.Combine(here, "..", ".."));
var only = args.SkipWhile(a => a != "--only").Skip(1).FirstOrDefault();
var lists = args.TakeWhile(a => a != "--only").ToList();
if (lists.Count == 0)
    lists = Directory.GetFiles(here, "*.defects").Select(f => Path.GetFileNameWithoutExtension(f)).Order().ToList();

var copy = Directory.CreateTempSubdirectory("mux-defects-").FullName;
try
{
    foreach (var file in Run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], root).Output.Split('\0', StringSplitOptions.RemoveEmptyEntries))
    {
        if (!File.Exists(Path.Combine(root, file)))
            continue;
        var target = Path.Combine(copy, file);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Copy(Path.Combine(root, file), target);
    }

    Console.WriteLine("The tree as it is must be green first.");
    var sound = lists.Any(l => l != "http") ? Test("tests/Mux.Tests", "") : default;
    if (lists.Contains("http") && sound.Exit == 0)
        sound = Test(HttpTests, "");
    if (sound.Exit != 0)
    {
        Console.WriteLine(sound.Output);
        Console.WriteLine("It is not.");
        return 1;
    }

    var killed = 0;
    var survived = 0;
    foreach (var list in lists)
    {
        var shared = list == "shared";
        Console.WriteLine($"\n{list}");
        foreach (var defect in Read(Path.Combine(here, list + ".defects")))
        {
            if (only is not null && !defect.Name.Contains(only, StringComparison.OrdinalIgnoreCase))
                continue;
            var verdict = list == "http" ? Try(defect, HttpTests, "", []) : Try(defect, "tests/Mux.Tests", shared ? "" : Capital(list), shared ? ["Epoll", "Kqueue", "Select"] : [Capital(list)]);
            if (verdict.StartsWith("red", StringComparison.Ordinal))
                killed++;
            else
                survived++;
            Console.WriteLine($"  {defect.Name}: {verdict}");
        }
    }

    Console.WriteLine($"\n{killed} defects found, {survived} not");
    return survived == 0 ? 0 : 1;
}
finally
{
    Directory.Delete(copy, recursive: true);
}

string Try(Defect defect, string tests, string filter, string[] mustFail)
{
    var path = Path.Combine(copy, defect.File);
    var sound = File.ReadAllText(path);
    var places = sound.Split(defect.Old).Length - 1;
    if (places != 1)
        return $"NOT APPLICABLE: '{defect.Old}' stands {places} times in {defect.File}";
    File.WriteAllText(path, sound.Replace(defect.Old, defect.New));
    try
    {
        var (exit, output) = Test(tests, filter);
        if (output.Contains(": error ", StringComparison.Ordinal))
            return "DOES NOT BUILD: " + output.Split('\n').First(l => l.Contains(": error ", StringComparison.Ordinal)).Trim();
        if (exit == 0)
            return "NOT FOUND";
        if (exit < 0)
            return "red (the tests hang)";
        var failed = Regex.Matches(output, @"^\s*(?:Failed |\[xUnit\.net [\d:.]+\]\s+)(\S+\.\S+).*$", RegexOptions.Multiline)
            .Where(m => m.Value.TrimStart().StartsWith("Failed", StringComparison.Ordinal) || m.Value.Contains("[FAIL]", StringComparison.Ordinal))
            .Select(m => m.Groups[1].Value).Distinct().ToList();
        var spared = mustFail.Where(m => !failed.Any(f => f.Contains(m, StringComparison.Ordinal))).ToList();
        if (failed.Count == 0 && output.Contains("crashed", StringComparison.OrdinalIgnoreCase))
            return "red (the test process crashed)";
        if (failed.Count == 0)
            return "UNCLEAR: " + output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        return spared.Count == 0
            ? $"red, {failed.Count} tests, {failed[0][(failed[0].LastIndexOf('.') + 1)..]} among them"
            : $"NOT FOUND for {string.Join(", ", spared)}";
    }
    finally
    {
        File.WriteAllText(path, sound);
    }
}

(int Exit, string Output) Test(string tests, string filter) => Run(
    "dotnet",
    filter.Length == 0
        ? ["test", tests, "--nologo", "-v", "q"]
        : ["test", tests, "--nologo", "-v", "q", "--filter", $"FullyQualifiedName~{filter}"],
    copy);

static (int Exit, string Output) Run(string program, string[] arguments, string directory)
{
    var start = new ProcessStartInfo(program, arguments)
    {
        WorkingDirectory = directory,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };
    using var process = Process.Start(start)!;
    var error = process.StandardError.ReadToEndAsync();
    var output = process.StandardOutput.ReadToEndAsync();
    if (!process.WaitForExit(TimeSpan.FromMinutes(2.5)))
    {
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (-1, output.Result + error.Result);
    }

    return (process.ExitCode, output.Result + error.Result);
}

static IEnumerable<Defect> Read(string path)
{
    string name = "", file = "", old = "";
    foreach (var line in File.ReadLines(path))
    {
        if (line.StartsWith("# ", StringComparison.Ordinal))
            name = line[2..];
        else if (line.StartsWith("file ", StringComparison.Ordinal))
            file = line[5..].Trim();
        else if (line.StartsWith("- ", StringComparison.Ordinal))
            old = line[2..];
        else if (line.StartsWith('+'))
            yield return new(name, file, old, line.Length > 1 ? line[2..] : "");
    }
}

static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];

static string SourcePath([CallerFilePath] string path = "") => path;

internal sealed record Defect(string Name, string File, string Old, string New);
