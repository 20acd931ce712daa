namespace HelloHttp.Tests.Http;

public static partial class HostileInputs
{
    private static HostileInput[] Semantics =>
    [
        // Expectations.
        new("Expect without content", Get + "Expect: 100-continue\r\n\r\n" + Next, "200 200 open", "RFC 9110 10.1.1"),
        new("Expect with no bytes of content", Post + "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n" + Next, "200 200 open", "RFC 9110 10.1.1"),
        new("Expect before content", Post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "100 waits", "RFC 9110 10.1.1"),
        new("Expect before chunks", Echo + "Expect: 100-Continue\r\n" + Chunked + "\r\n", "100 waits", "RFC 9110 10.1.1"),
        new("Expect and content that does not wait", Post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" + Next, "200 200 open", "RFC 9110 10.1.1"),
        new("Expect in HTTP/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "waits", "RFC 9110 10.1.1"),
        new("another expectation in HTTP/1.0", "GET / HTTP/1.0\r\nExpect: more\r\n\r\n", "200 close", "RFC 9110 10.1.1"),
        new("another expectation", Get + "Expect: more\r\n\r\n" + Next, "417 200 open", "RFC 9110 10.1.1"),
        new("another expectation before content", Post + "Expect: more\r\nContent-Length: 3\r\n\r\nabc" + Next, "417 close", "RFC 9110 10.1.1"),
        new("two expectations", Post + "Expect: 100-continue, more\r\nContent-Length: 3\r\n\r\n", "417 close", "RFC 9110 10.1.1"),
        new("two expectations on two lines", Post + "Expect: more\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", "417 close", "RFC 9110 5.3"),
        new("the expectation with a parameter", Post + "Expect: 100-continue;a=b\r\nContent-Length: 3\r\n\r\n", "417 close", "RFC 9110 10.1.1"),
        new("Expect before content that is too large", Post + "Expect: 100-continue\r\nContent-Length: 30000001\r\n\r\n", "413 close", "RFC 9110 10.1.1"),
        new("Expect before content that has no use", "POST /healthz HTTP/1.1\r\n" + Host + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", "405 close", "RFC 9110 10.1.1"),

        // Routes and methods.
        new("HEAD", "HEAD / HTTP/1.1\r\n" + Host + "\r\n" + Next, "200h 200 open", "RFC 9110 9.3.2"),
        new("HEAD of many bytes", "HEAD /bytes/9223372036854775807 HTTP/1.1\r\n" + Host + "\r\n" + Next, "200h 200 open", "RFC 9110 9.3.2"),
        new("HEAD of what is not there", "HEAD /bytes/x HTTP/1.1\r\n" + Host + "\r\n" + Next, "404h 200 open", "RFC 9110 9.3.2"),
        new("HEAD with content", "HEAD / HTTP/1.1\r\n" + Host + "Content-Length: 3\r\n\r\nabc" + Next, "200h 200 open", "RFC 9112 6.3"),
        new("HEAD refused", "HEAD /echo HTTP/1.1\r\n" + Host + "\r\n" + Next, "405h 200 open", "RFC 9110 9.3.2"),
        new("HEAD without Host", "HEAD / HTTP/1.1\r\n\r\n" + Next, "400h close", "RFC 9110 9.3.2"),
        new("HEAD with a bare LF", "HEAD / HTTP/1.1\n", "400h close", "RFC 9110 9.3.2"),
        new("HEAD to a bad target", "HEAD /< HTTP/1.1\r\n", "400h close", "RFC 9110 9.3.2"),
        new("HEAD in a bad version", "HEAD / HTTP/3.0\r\n", "505h close", "RFC 9110 9.3.2"),
        new("GET of echo", "GET /echo HTTP/1.1\r\n" + Host + "\r\n" + Next, "405 200 open", "RFC 9110 15.5.6"),
        new("DELETE of echo with content", "DELETE /echo HTTP/1.1\r\n" + Host + "Content-Length: 3\r\n\r\nabc" + Next, "405 200 open", "RFC 9112 9.3"),
        new("405 and a bad chunk", "DELETE /echo HTTP/1.1\r\n" + Host + Chunked + "\r\nx\r\n", "400 close", "RFC 9112 7.1"),
        new("no bytes", "GET /bytes/0 HTTP/1.1\r\n" + Host + "\r\n" + Next, "200 200 open", "RFC 9110 8.6"),
        new("bytes without a number", "GET /bytes/ HTTP/1.1\r\n" + Host + "\r\n", "404 open", "RFC 9110 15.5.5"),
        new("bytes of a negative number", "GET /bytes/-1 HTTP/1.1\r\n" + Host + "\r\n", "404 open", "RFC 9110 15.5.5"),
        new("bytes of 2^63", "GET /bytes/9223372036854775808 HTTP/1.1\r\n" + Host + "\r\n", "404 open", "RFC 9110 15.5.5"),
        new("bytes of 2^64 + 1", "GET /bytes/18446744073709551617 HTTP/1.1\r\n" + Host + "\r\n", "404 open", "RFC 9110 15.5.5"),
        new("bytes and more", "GET /bytes/1/ HTTP/1.1\r\n" + Host + "\r\n", "404 open", "RFC 9110 15.5.5"),
        new("PUT of bytes", "PUT /bytes/1 HTTP/1.1\r\n" + Host + "Content-Length: 1\r\n\r\na" + Next, "405 200 open", "RFC 9110 15.5.6"),
        new("OPTIONS of echo", "OPTIONS /echo HTTP/1.1\r\n" + Host + "\r\n" + Next, "200 200 open", "RFC 9110 9.3.7"),
        new("OPTIONS with content", "OPTIONS * HTTP/1.1\r\n" + Host + "Content-Length: 3\r\n\r\nabc" + Next, "200 200 open", "RFC 9110 9.3.7"),
        new("OPTIONS of a host", "OPTIONS http://a HTTP/1.1\r\n" + Host + "\r\n", "200 open", "RFC 9112 3.2.4"),
        new("every method on the greeting", "PUT / HTTP/1.1\r\n" + Host + "\r\nPATCH / HTTP/1.1\r\n" + Host + "\r\nDELETE / HTTP/1.1\r\n" + Host + "\r\n", "200 200 200 open", "RFC 9110 9.3"),

        // One connection, several requests.
        new("a good request, then garbage", Next + "\u00ff\u00fe\u00fd\r\n" + Next, "200 400 close", "RFC 9112 2.2"),
        new("a refused request, then a good one", "GET / HTTP/1.1\r\n\r\n" + Next, "400 close", "RFC 9112 9.6"),
        new("ten requests at once", Repeat(Next, 10), "200 200 200 200 200 200 200 200 200 200 open", "RFC 9112 9.3.2"),
        new("nothing", "", "open", "RFC 9112 9.8"),
    ];
}
