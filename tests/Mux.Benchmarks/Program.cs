using BenchmarkDotNet.Running;
using Mux.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(WaitBenchmarks).Assembly).Run(args);
