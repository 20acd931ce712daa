using System.Text;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using Mux.Benchmarks.Compare.Load;
using Xunit;
using Property = FsCheck.Property;

namespace HelloHttp.Tests.Load;

/// <summary>What the load client believes: nothing but the response it knows, with a date of now.</summary>
public class ResponseCheckerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private static readonly int DateAt = Response(Noon).AsSpan().IndexOf("Tue, "u8);
    private static readonly int SecondAt = DateAt + "Tue, 24 Nov 2026 12:00:0".Length;

    private readonly FakeTimeProvider _time = new(Noon);

    [Property(MaxTest = 200)]
    public Property Responses_count_however_they_are_cut() => Prop.ForAll(
        Gen.Choose(1, 40).ToArbitrary(),
        Gen.Choose(1, 400).NonEmptyListOf().ToArbitrary(),
        (count, cuts) =>
        {
            var stream = Enumerable.Repeat(Response(Noon), count).SelectMany(r => r).ToArray();
            var checker = Checker();
            int completed = 0, at = 0;
            for (var i = 0; at < stream.Length; i++)
            {
                var length = Math.Min(cuts[i % cuts.Count], stream.Length - at);
                completed += checker.Advance(stream.AsSpan(at, length));
                at += length;
                if (completed != at / Response(Noon).Length)
                    return false;
            }

            return completed == count && !checker.IsAmid;
        });

    [Property(MaxTest = 300)]
    public Property One_wrong_byte_anywhere_is_found_however_the_response_is_cut() => Prop.ForAll(
        // Another second is another date of now, and not wrong.
        Gen.Choose(0, Response(Noon).Length - 1).Where(at => at != SecondAt).ToArbitrary(),
        Gen.Choose(1, 255).ToArbitrary(),
        Gen.Choose(0, Response(Noon).Length).ToArbitrary(),
        (at, flip, cut) =>
        {
            var response = Response(Noon);
            response[at] ^= (byte)flip;
            var checker = Checker();
            var first = checker.Advance(response.AsSpan(0, cut));
            return first == ResponseChecker.Mismatch || checker.Advance(response.AsSpan(cut)) == ResponseChecker.Mismatch;
        });

    [Theory]
    [InlineData("tue, 24 Nov 2026 12:00:00 GMT")]
    [InlineData("Tue, 24\u00a0Nov 2026 12:00:00 GMT")]
    public void A_date_is_compared_as_it_is_written(string date)
    {
        var response = Response(Noon);
        Encoding.Latin1.GetBytes(date).CopyTo(response, DateAt);

        Assert.Equal(ResponseChecker.Mismatch, Checker().Advance(response));
    }

    [Fact]
    public void A_later_date_is_right_later_and_an_old_one_is_not()
    {
        var checker = Checker();
        Assert.Equal(1, checker.Advance(Response(Noon)));

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, checker.Advance(Response(Noon.AddMinutes(1))));
        Assert.Equal(ResponseChecker.Mismatch, Checker().Advance(Response(Noon)));
    }

    [Fact]
    public void A_date_seen_before_expires_too()
    {
        var checker = Checker();
        Assert.Equal(1, checker.Advance(Response(Noon)));
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(ResponseChecker.Mismatch, checker.Advance(Response(Noon)));
    }

    [Fact]
    public void A_wrong_beginning_is_found_before_the_end_comes()
    {
        var refusal = "HTTP/1.1 503 Service Unavailable\r\n"u8;

        Assert.Equal(ResponseChecker.Mismatch, Checker().Advance(refusal));
    }

    [Property(MaxTest = 100)]
    public Property A_response_that_closes_is_right_once_and_the_last_however_it_is_cut() => Prop.ForAll(
        Gen.Choose(0, 3).ToArbitrary(),
        Gen.Choose(1, 200).ToArbitrary(),
        (before, size) =>
        {
            var closing = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(Response(Noon)).Replace("X-Last: 1", "Connection: close"));
            var checker = new ResponseChecker(new ResponseTemplate(Response(Noon), _time), new ResponseTemplate(closing, _time));
            byte[] stream = [.. Enumerable.Repeat(Response(Noon), before).SelectMany(r => r), .. closing];
            var completed = stream.Chunk(size).Sum(piece => checker.Advance(piece));
            return completed == before + 1 && checker.IsClosing && !checker.IsAmid
                && checker.Advance("H"u8) == ResponseChecker.Mismatch;
        });

    [Fact]
    public void A_response_without_a_date_is_compared_as_it_stands()
    {
        var response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"u8.ToArray();
        var checker = new ResponseChecker(new ResponseTemplate(response, _time));

        Assert.Equal(2, checker.Advance([.. response, .. response]));
        Assert.Equal(0, checker.Advance(response.AsSpan(0, 5)));
        Assert.True(checker.IsAmid);
        checker.Reset();
        Assert.False(checker.IsAmid);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", 43)]
    [InlineData("HTTP/1.1 200 OK\r\nX-Content-Length: 9\r\nContent-Length:5\r\n\r\n", 63)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", -1)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", -1)]
    public void The_length_of_a_response_is_its_heads_and_its_content_length(string head, long length)
    {
        var bytes = Encoding.ASCII.GetBytes(head);

        Assert.Equal(bytes.Length, ResponseTemplate.HeadLength(bytes));
        Assert.Equal(length, ResponseTemplate.ResponseLength(bytes));
    }

    private static byte[] Response(DateTimeOffset date) =>
        Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: {date:r}\r\nX-Last: 1\r\n\r\nhello");

    private ResponseChecker Checker() => new(new ResponseTemplate(Response(Noon), _time));
}
