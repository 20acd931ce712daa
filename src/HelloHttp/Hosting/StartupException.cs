namespace HelloHttp.Hosting;

/// <summary>The server cannot start as it was told to. The message is one line for whoever started it.</summary>
internal class StartupException(string message, Exception? cause = null) : Exception(message, cause);
