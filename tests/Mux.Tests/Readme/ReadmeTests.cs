namespace Mux.Tests.Readme;

/// <summary>README.md tells the truth: its programs compile as they stand, run, and print what it says.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_program_on_IPoller_alone_echoes_what_it_is_sent() => Runs(0, "1 readable: hello");

    [Fact]
    public void The_program_on_EventLoop_echoes_what_it_is_sent() => Runs(1, "echoed 5 bytes");

    private static void Runs(int program, string output)
    {
        var programs = ReadmeProgram.All();
        Assert.True(programs.Count > program, "README.md has lost a program.");
        Assert.InRange(programs[program].Lines, 5, 32);
        Assert.Contains(output, programs[program].Run());
    }
}
