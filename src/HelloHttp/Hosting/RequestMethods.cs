using System.Numerics;
using HelloHttp.Http;

namespace HelloHttp.Hosting;

/// <summary>
/// Methods as an index into tables, and as the value of <c>http.request.method</c>: <c>_OTHER</c> for one that is not known,
/// so that clients cannot make up time series.
/// </summary>
internal static class RequestMethods
{
    private static readonly object[] Names =
        ["_OTHER", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

    /// <summary>How many there are.</summary>
    internal static int Count => Names.Length;

    /// <summary>0 for a method that is not known.</summary>
    internal static int Index(Method method) => method == Method.Unknown ? 0 : BitOperations.TrailingZeroCount((uint)method) + 1;

    /// <summary>The value of the attribute.</summary>
    internal static object Name(int index) => Names[index];
}
