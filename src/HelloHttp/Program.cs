using HelloHttp.Configuration;
using HelloHttp.Hosting;

return new CommandLine().Run(args, ServerHost.RunAsync);
