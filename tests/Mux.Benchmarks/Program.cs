using BenchmarkDotNet.Running;
using Mux.Benchmarks.Compare;

if (args is ["compare", ..])
    return new CompareCommand().Run(args);
BenchmarkSwitcher.FromAssembly(typeof(CompareCommand).Assembly).Run(args);
return 0;
