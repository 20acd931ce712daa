using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using HelloHttp.Http;
using Xunit;

namespace HelloHttp.Tests.Http;

/// <summary>Bytes that a failing property shows as text.</summary>
public sealed record InputBytes(byte[] Bytes)
{
    /// <inheritdoc/>
    public override string ToString() => string.Concat(Bytes.Select(b => b switch
    {
        (byte)'\r' => "\\r",
        (byte)'\n' => "\\n\n",
        >= (byte)' ' and <= (byte)'~' => ((char)b).ToString(),
        _ => $"\\x{b:x2}",
    }));
}

/// <summary>What holds for any input, any cut of it, and any room to answer in.</summary>
public class Http1Properties
{
    private const int MinRequest = 18; // GET / HTTP/1.0 CRLF CRLF
    private const int MaxGeneratedBytes = 39_999_999; // of /bytes/3000 with some digits put in

    private static readonly Gen<int[]> Pieces = Sizes(Gen.Frequency(
        (4, Gen.Choose(1, 4)), (3, Gen.Choose(5, 100)), (2, Gen.Choose(100, 5000))));

    private static readonly Gen<int[]> Rooms = Sizes(Gen.Frequency(
        (2, Gen.Constant(Http1.MinOutput)), (2, Gen.Choose(Http1.MinOutput, 1000)), (1, Gen.Choose(1000, 9000))));

    private static readonly Gen<GeneratedRequest[]> Streams =
        from count in Gen.Choose(1, 8)
        from requests in Gen.ArrayOf(GeneratedRequest.Generator, count)
        select requests;

    // What a parser could mistake for something else: pieces of requests in any order, with and without their right ends.
    private static readonly Gen<InputBytes> Fragments =
        from count in Gen.Choose(0, 40)
        from words in Gen.ArrayOf(
            Gen.Frequency(
                (10, Gen.Elements(
                    "GET", "POST", "HEAD", " ", " / ", " /echo ", " /bytes/9 ", " * ", "HTTP/1.1", "HTTP/1.0", "\r\n", "\r\n", "\r\n\r\n",
                    "\n", "\r", "Host: a", "Host: a\r\n", "Content-Length: 3", "Content-Length:", "Transfer-Encoding: chunked",
                    "chunked", "Expect: 100-continue", "Connection: close",
                    "0\r\n\r\n", "3\r\nabc\r\n", ";x=\"", ":", ",", "\t", "\0", "\u00ff", "abc")),
                (4, Gen.Elements(
                    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /echo HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\n")),
                (1, from b in Gen.Choose(0, 255) select ((char)b).ToString())),
            count)
        select new InputBytes(Encoding.Latin1.GetBytes(string.Concat(words)));

    private static readonly Gen<InputBytes> Garbage =
        from count in Gen.Choose(0, 3000)
        from bytes in Gen.ArrayOf(Gen.Choose(0, 255), count)
        select new InputBytes([.. bytes.Select(b => (byte)b)]);

    private static Gen<InputBytes> Mutations =>
        from requests in Streams
        from edits in Gen.Choose(1, 3)
        from at in Gen.ArrayOf(Gen.Choose(0, 1 << 20), edits)
        from kind in Gen.ArrayOf(Gen.Choose(0, 3), edits)
        from with in Gen.ArrayOf(
            Gen.Elements("\r", "\n", "\r\n", " ", "\t", ":", ",", ";", "\0", "0", "9", "f", "a", "\u00ff", "\r\n\r\n", "\""), edits)
        select Mutate([.. requests.SelectMany(request => request.Print())], at, kind, with);

    [Property(MaxTest = 400)]
    public Property Every_request_of_a_stream_gets_its_answer() => Prop.ForAll(Streams.ToArbitrary(), requests =>
    {
        var outcome = Http1Driver.Run([.. requests.SelectMany(request => request.Print())]);
        var reader = new StrictResponseReader();
        foreach (var request in requests)
            reader.Sent(request.IsHead);
        reader.Read(outcome.Output);
        Assert.False(reader.IsInResponse);

        var answered = 0;
        foreach (var response in reader.Final)
        {
            var request = requests[answered++];
            Assert.Equal(request.Status, response.Status);
            Assert.Equal(request.Closes, response.Closes);
            if (request.Status == 200)
                Assert.Equal(request.Answer, response.Body);
            if (!request.Closes)
                Assert.Equal(request.IsHttp10 ? "keep-alive" : null, response.Field("Connection"));
        }

        var last = Array.FindIndex(requests, request => request.Closes);
        var expected = last >= 0 ? last + 1 : requests.Length;
        Assert.Equal(expected, answered);
        Assert.Equal(expected, outcome.Requests);
        Assert.Equal(last >= 0, outcome.Closed);
    });

    [Property(MaxTest = 400)]
    public Property The_outcome_does_not_depend_on_how_bytes_are_cut() => Prop.ForAll(
        (from input in Gen.OneOf(Mutations, Fragments)
         from pieces in Pieces
         from rooms in Rooms
         select (input, pieces, rooms)).ToArbitrary(),
        run =>
        {
            var whole = Http1Driver.Run(run.input.Bytes);
            var cut = Http1Driver.Run(run.input.Bytes, run.pieces, run.rooms, new Http1(Http1Driver.Service));
            Assert.Equal(WithoutInterim(whole), WithoutInterim(cut));
            Assert.Equal(
                (whole.Closed, whole.Refusal, whole.Requests, whole.Phase), (cut.Closed, cut.Refusal, cut.Requests, cut.Phase));
        });

    [Property(MaxTest = 1000)]
    public Property Any_bytes_get_well_formed_answers_or_a_close_within_bounds() => Prop.ForAll(
        Gen.OneOf(Mutations, Fragments, Garbage).ToArbitrary(), input =>
        {
            var outcome = Http1Driver.Run(input.Bytes);
            var reader = new StrictResponseReader();
            foreach (var summary in outcome.Summaries)
                reader.Sent(summary.Method == Method.Head);
            reader.Read(outcome.Output);
            Assert.Equal(outcome.Requests, reader.Final.Count());
            Assert.Equal(outcome.Summaries.Count, reader.Final.Count() + (outcome.Closed && reader.IsInResponse ? 1 : 0));
            foreach (var (summary, response) in outcome.Summaries.Zip(reader.Final))
                Assert.Equal((summary.Status, summary.Sent), (response.Status, response.BodyLength));
            Assert.True(outcome.Requests <= 1 + (input.Bytes.Length / MinRequest), "More answers than requests.");
            Assert.True(outcome.Output.Length <= (512 + MaxGeneratedBytes) * (outcome.Requests + 1) + (2 * input.Bytes.Length), "Too much.");
        });

    [Property(MaxTest = 1000)]
    public Property A_mutated_request_is_never_answered_as_two() => Prop.ForAll(
        (from request in GeneratedRequest.Generator
         where request.Connection == "" && !request.IsHttp10
         from at in Gen.Choose(0, 1 << 20)
         from kind in Gen.Choose(0, 3)
         from with in Gen.Elements("\r", "\n", "\r\n", " ", "\t", ":", ",", ";", "\0", "0", "1", "9", "f", "\u00ff", "\r\n\r\n", "\"", "x")
         select Mutate(request.Print(), [at], [kind], [with])).ToArbitrary(),
        input =>
        {
            // A second answer can only be the refusal of what the mutation left over.
            var outcome = Http1Driver.Run(input.Bytes);
            Assert.InRange(outcome.Requests, 0, 2);
            if (outcome.Requests == 2)
            {
                Assert.True(outcome.Closed);
                Assert.Contains(outcome.Refusal, new[] { Refusal.BadRequestLine, Refusal.BadOctet });
            }
        });

    /// <summary>Runs a counted sample, so that a generator that has become tame is noticed.</summary>
    [Fact]
    public void The_generators_reach_what_they_are_for()
    {
        var streams = Streams.Sample(1000).ToArray();
        var requests = streams.SelectMany(stream => stream).ToArray();
        AtLeast(100, requests.Count(request => request is { Framing: BodyFraming.Chunked, Status: 200, Body.Length: > 0 } && request.Answer == request.Body));
        AtLeast(80, requests.Count(request => request is { Framing: BodyFraming.Length, Status: 200, Body.Length: > 1000 }));
        AtLeast(100, requests.Count(request => request is { Expect: "100-continue", Body.Length: > 0, IsHttp10: false, Status: 200 }));
        AtLeast(100, requests.Count(request => request.Status == 417));
        AtLeast(50, requests.Count(request => request.IsHead && request.Status == 200));
        AtLeast(30, requests.Count(request => request.IsHttp10 && !request.Closes));
        AtLeast(200, streams.Count(stream => !stream.SkipLast(1).Any(request => request.Closes) && stream.Length > 1));

        var mutated = Mutations.Sample(1000).Concat(Fragments.Sample(1000)).Select(input => (input, outcome: Http1Driver.Run(input.Bytes))).ToArray();
        AtLeast(12, mutated.Count(run => run.outcome is { Closed: true, Summaries: [.., { Status: 200, Refusal: not Refusal.None }] })); // cut
        AtLeast(200, mutated.Count(run => run.outcome.Refusal == Refusal.BadOctet));
        AtLeast(80, mutated.Count(run => run.outcome.Refusal == Refusal.BadChunk));
        AtLeast(25, mutated.Count(run => run.outcome.Phase is Phase.Head or Phase.Body));
        AtLeast(60, mutated.Count(run => run.outcome.Requests > 3));
        AtLeast(12, mutated.Select(run => run.outcome.Refusal).Distinct().Count());

        static void AtLeast(int floor, int count) => Assert.True(count >= floor, $"{count} instead of at least {floor}.");
    }

    private static string WithoutInterim(Outcome outcome) =>
        Encoding.Latin1.GetString(outcome.Output).Replace("HTTP/1.1 100 Continue\r\n\r\n", "", StringComparison.Ordinal);

    private static InputBytes Mutate(byte[] bytes, int[] at, int[] kind, string[] with)
    {
        var list = bytes.ToList();
        for (var i = 0; i < at.Length && list.Count > 0; i++)
        {
            var position = at[i] % list.Count;
            var text = Encoding.Latin1.GetBytes(with[i]);
            switch (kind[i])
            {
                case 0:
                    list.RemoveAt(position);
                    break;
                case 1:
                    list.InsertRange(position, text);
                    break;
                case 2:
                    list[position] = text[0];
                    break;
                default:
                    var line = Math.Max(0, list.LastIndexOf((byte)'\n', position));
                    list.InsertRange(line, list.Skip(line).Take(position - line + 1).ToArray());
                    break;
            }
        }

        return new([.. list]);
    }

    private static Gen<int[]> Sizes(Gen<int> size) =>
        from count in Gen.Choose(1, 30) from sizes in Gen.ArrayOf(size, count) select sizes;
}
