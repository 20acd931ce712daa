using HelloHttp.Processes;
using Xunit;

namespace HelloHttp.Tests.Processes;

public sealed class WorkerAssignmentTests
{
    [Fact]
    public void What_a_supervisor_writes_a_worker_reads()
    {
        var read = WorkerAssignment.Parse(new WorkerAssignment(2, 4, 17, [5, 9]).ToString())!;
        Assert.Equal((2, 4, 17), (read.Index, read.Workers, read.Status));
        Assert.Equal([5, 9], read.Listeners);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0 1 5")]
    [InlineData("1 1 5 6")]
    [InlineData("0 1 5 -6")]
    [InlineData("0 1  5 6")]
    [InlineData("0 1 5 x")]
    public void Anything_else_is_none(string text) => Assert.Null(WorkerAssignment.Parse(text));

    [Theory]
    [InlineData(10, 4)]
    [InlineData(4, 4)]
    [InlineData(1000, 7)]
    [InlineData(0, 3)]
    public void Places_are_shared_out_without_rest(int places, int workers)
    {
        var shares = Enumerable.Range(0, workers).Select(i => new WorkerAssignment(i, workers, 0, [0]).ShareOf(places)).ToArray();
        Assert.Equal(places, shares.Sum());
        Assert.InRange(shares.Max() - shares.Min(), 0, 1);
    }
}
