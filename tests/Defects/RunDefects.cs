#!/usr/bin/env dotnet
// Shows that the tests can fail: puts one defect at a time into a copy of the tree and expects `dotnet test` to go red.
//
//   dotnet run tests/Defects/RunDefects.cs                  every list beside this file
//   dotnet run tests/Defects/RunDefects.cs epoll shared     only these lists
//   dotnet run tests/Defects/RunDefects.cs epoll --only disarm
//
// A list is NAME.defects: for each defect a line "# what is broken", a line "file PATH", and the one-line change as
// "- old" and "+ new". "old" must stand exactly once in the file. A defect in "shared" must turn the contract red for every
// backend that this machine runs, one in another list the tests of that name; one in "http" any of HelloHttp's tests, one
// in "processes" those of the supervisor.
#:property TreatWarningsAsErrors=false
#:property GenerateDocumentationFile=false
#:property EnforceCodeStyleInBuild=false
#:property PublishAot=false

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

const string HttpTests = "tests/HelloHttp.Tests";
const string MuxTests = "tests/Mux.Tests";
string[] Backends = OperatingSystem.IsLinux() ? ["Contract.Epoll", "Contract.Kqueue", "Contract.Select"]
    : OperatingSystem.IsWindows() ? ["Contract.Select"] : ["Contract.Kqueue", "Contract.Select"];

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
    var sound = (Exit: 0, Output: "");
    foreach (var tests in lists.Select(Tests).Distinct())
    {
        if (sound.Exit == 0)
            sound = Build(tests);
        if (sound.Exit == 0)
            sound = Test(tests, "");
    }

    if (sound.Exit != 0)
    {
        Console.WriteLine(sound.Output);
        Console.WriteLine("It is not.");
        return 1;
    }

    var found = 0;
    var missed = 0;
    foreach (var list in lists)
    {
        var shared = list == "shared";
        Console.WriteLine($"\n{list}");
        foreach (var defect in Read(Path.Combine(here, list + ".defects")).ToList())
        {
            if (only is not null && !defect.Name.Contains(only, StringComparison.OrdinalIgnoreCase))
                continue;
            var verdict = Try(defect, Tests(list), shared ? Backends : [list == "http" ? "" : Capital(list)]);
            if (verdict.StartsWith("red", StringComparison.Ordinal))
                found++;
            else
                missed++;
            Console.WriteLine($"  {defect.Name}: {verdict}");
        }
    }

    Console.WriteLine($"\n{found} defects found, {missed} not");
    return missed == 0 ? 0 : 1;
}
finally
{
    Directory.Delete(copy, recursive: true);
}

// "red ..." where every filter of the given ones meets a test that fails, hangs or takes the process down.
string Try(Defect defect, string tests, string[] filters)
{
    var path = Path.Combine(copy, defect.File);
    var sound = File.ReadAllText(path);
    var places = sound.Split(defect.Old).Length - 1;
    if (places != 1)
        return $"NOT APPLICABLE: '{defect.Old}' stands {places} times in {defect.File}";
    File.WriteAllText(path, sound.Replace(defect.Old, defect.New));
    try
    {
        var (built, said) = Build(tests);
        if (built != 0)
            return "DOES NOT BUILD: " + Lines(said).FirstOrDefault(l => l.Contains(": error ", StringComparison.Ordinal));
        var witnesses = new List<string>();
        foreach (var filter in filters)
        {
            var verdict = Judge(Test(tests, filter));
            if (verdict.StartsWith("NOT", StringComparison.Ordinal))
                return filters.Length > 1 ? $"{verdict} for {filter}; {string.Join("; ", witnesses)}" : verdict;
            witnesses.Add(filters.Length > 1 ? $"{filter}: {verdict}" : verdict);
        }

        return "red, " + string.Join("; ", witnesses);
    }
    finally
    {
        File.WriteAllText(path, sound);
    }
}

string Judge((int Exit, string Output) run)
{
    if (run.Exit == 0)
        return "NOT FOUND";
    var failed = Regex.Match(run.Output, @"^\s*(?:Failed |\[xUnit\.net [\d:.]+\]\s+)\S*?([^.\s(]+)(?:\(.*| \[\d.*)? \[(?:FAIL|.*\d m?s)\]", RegexOptions.Multiline);
    if (failed.Success)
        return failed.Groups[1].Value;
    if (run.Exit < 0)
        return "the tests hang";
    // What was under way when the host was stopped for silence, or went down by itself, stands below this line.
    var active = Lines(run.Output).SkipWhile(l => !l.StartsWith("The test running when the crash occurred", StringComparison.Ordinal)).Skip(1).FirstOrDefault();
    if (active is null)
        return "NOT CLEAR: " + Lines(run.Output).LastOrDefault();
    return $"{active[(active.LastIndexOf('.') + 1)..]} hangs, or takes the process down";
}

// Analyzers would turn down many a defect that the tests are here to find.
(int Exit, string Output) Build(string tests) => Run(
    "dotnet",
    ["build", tests, "--nologo", "-v", "q", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", "-p:GenerateDocumentationFile=false"],
    copy);

// Ends with the first test that fails. A test that says nothing for 45 seconds hangs: the sound ones take a few seconds at most.
(int Exit, string Output) Test(string tests, string filter) => Run(
    "dotnet",
    [
        "test", tests, "--no-build", "--nologo", "-v", "q", .. filter.Length == 0 ? (string[])[] : ["--filter", $"FullyQualifiedName~{filter}"],
        "--blame-hang-timeout", "45s", "--blame-hang-dump-type", "none", "--results-directory", Path.Combine(copy, "results"), "--", "xUnit.StopOnFail=true",
    ],
    copy);

static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

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
    if (!process.WaitForExit(TimeSpan.FromMinutes(5)))
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

static string Tests(string list) => list is "http" or "processes" ? HttpTests : MuxTests;

static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];

static string SourcePath([CallerFilePath] string path = "") => path;

internal sealed record Defect(string Name, string File, string Old, string New);
