#include "core/saved_requests.h"

#include <doctest/doctest.h>

namespace websub {
namespace {

std::string ErrorOf(std::string_view bytes) {
  const auto requests = ReadSavedRequests(bytes);
  REQUIRE_FALSE(requests);
  return requests.error().message;
}

SavedRequest OnlyOne(std::string_view bytes) {
  auto requests = ReadSavedRequests(bytes);
  CAPTURE(bytes);
  if (!requests) FAIL(requests.error().message);
  REQUIRE(requests->size() == 1);
  return requests->front();
}

TEST_CASE("saved requests stand one after another") {
  const auto requests = ReadSavedRequests(
      "POST /a?x=1 HTTP/1.1\r\nHost: h\r\nLink: <u>; rel=hub\r\nlink: <v>; rel=self\r\n"
      "Content-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: h\r\n\r\n\r\n"
      "POST /c HTTP/1.1\r\nContent-Length: 4\r\n\r\na\r\nb");
  REQUIRE(requests);
  REQUIRE(requests->size() == 3);
  const auto& [first, second, third] = std::tie((*requests)[0], (*requests)[1], (*requests)[2]);
  CHECK(first.method == "POST");
  CHECK(first.target == "/a?x=1");
  CHECK(first.fields == FieldList{{"Host", "h"},
                                  {"Link", "<u>; rel=hub"},
                                  {"link", "<v>; rel=self"},
                                  {"Content-Length", "5"}});
  CHECK(first.body == "hello");
  CHECK(first.line == 1);
  CHECK(second.method == "GET");
  CHECK(second.body.empty());
  CHECK(second.line == 7);
  CHECK(third.body == "a\r\nb");
  CHECK(third.line == 11);
  CHECK(third.missing == 0);
  CHECK(third.left_over == 0);
}

TEST_CASE("answers behind a request are passed over") {
  const auto requests = ReadSavedRequests(
      "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nno\r\n"
      "HEAD /b HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
      "GET /c HTTP/1.1\r\n\r\nHTTP/1.1 204\r\n\r\n"
      "POST /d HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"
      "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
      "POST /e HTTP/1.1\r\nContent-Length: 1\r\n\r\nyHTTP/1.0 200 OK\r\n\r\nto the end\n");
  CAPTURE(requests ? "" : requests.error().message);
  REQUIRE(requests);
  REQUIRE(requests->size() == 5);
  const std::vector<std::string> targets = {"/a", "/b", "/c", "/d", "/e"};
  const std::vector<std::string> bodies = {"hi", "", "", "x", "y"};
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK((*requests)[i].target == targets[i]);
    CHECK((*requests)[i].body == bodies[i]);
  }
  CHECK(ErrorOf("HTTP/1.1 200 OK\r\n\r\n").starts_with("line 1 (byte 1): "));
}

TEST_CASE("a request saved by an editor is read") {
  const SavedRequest request = OnlyOne(
      "\xEF\xBB\xBF\nPOST /cb HTTP/2\nContent-Length:  3\nLink: <a>,\n  "
      "<b>\nX-Empty:\n\nabc\r\n\n");
  CHECK(request.target == "/cb");
  CHECK(request.line == 2);
  CHECK(request.body == "abc");
  CHECK(request.fields ==
        FieldList{{"Content-Length", "3"}, {"Link", "<a>, <b>"}, {"X-Empty", ""}});
  CHECK(request.left_over == 3);
}

TEST_CASE("a body without a length takes the rest of the file") {
  const SavedRequest request = OnlyOne("POST / HTTP/1.1\n\nGET / HTTP/1.1\n\n");
  CHECK(request.body == "GET / HTTP/1.1\n\n");
  CHECK(request.left_over == 0);
}

TEST_CASE("a GET without a length has no body") {
  CHECK(OnlyOne("GET / HTTP/1.0\n\n").body.empty());
  CHECK(OnlyOne("GET / HTTP/1.1\nContent-Length: 2\n\nab").body == "ab");
}

TEST_CASE("a body that is cut short tells what is missing") {
  const SavedRequest request = OnlyOne("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell");
  CHECK(request.body == "hell");
  CHECK(request.missing == 1);
}

TEST_CASE("chunks are put together") {
  const std::string head =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n";
  CHECK(OnlyOne(head + "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n").body == "abc0123456789");
  CHECK(OnlyOne("POST / HTTP/1.1\nTransfer-Encoding: Chunked\n\n2\n\n\n\n0\nTrailer: x\n\n").body ==
        "\n\n");
  const auto two = ReadSavedRequests(head + "0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  REQUIRE(two);
  CHECK(two->size() == 2);
}

TEST_CASE("what is no saved request is refused with its place") {
  CHECK(ErrorOf("") == "it holds no request");
  CHECK(ErrorOf("\r\n\n") == "it holds no request");
  CHECK(ErrorOf("just a body") ==
        "line 1 (byte 1): \"just a body\" is no request line, such as "
        "\"POST /callback HTTP/1.1\"");
  for (const char* line : {"POST /", "POST / HTTP", "POST  HTTP/1.1", "PO(T / HTTP/1.1",
                           "POST / x HTTP/1.1", "HTTP/1.1 200 OK", "POST /\x01 HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(ErrorOf(std::string(line) + "\n\n").starts_with("line 1 (byte 1): "));
  }
  CHECK(ErrorOf("GET / HTTP/1.1") ==
        "line 1 (byte 15): the file ends here: an empty line must stand between head and body");
  CHECK(ErrorOf("GET / HTTP/1.1\nHost: a\n") ==
        "line 3 (byte 24): the file ends here: an empty line must stand between head and body");
  CHECK(ErrorOf("POST / HTTP/1.1\nHost: a\n<feed/>\n\n")
            .starts_with("line 3 (byte 25): \"<feed/>\" is no field"));
  CHECK(ErrorOf("POST / HTTP/1.1\n goes on: x\n\n").starts_with("line 2 (byte 17): "));
  CHECK(ErrorOf("POST / HTTP/1.1\nContent-Length: -1\n\n") ==
        "line 2 (byte 17): Content-Length \"-1\" is not a number of bytes");
  CHECK(ErrorOf("POST / HTTP/1.1\nContent-Length: 99999999999999999999\n\n")
            .starts_with("line 2 (byte 17): "));
  CHECK(ErrorOf("POST / HTTP/1.1\nContent-Length: 1\nContent-Length: 2\n\n") ==
        "line 3 (byte 35): there are two Content-Length fields, 1 and 2");
  CHECK(ErrorOf("POST / HTTP/1.1\nTransfer-Encoding: gzip\n\n").starts_with("line 2 (byte 17): "));
  CHECK(ErrorOf("POST / HTTP/1.1\nContent-Length: 2\n\nabcd\n") ==
        "line 4 (byte 38): \"cd\" is no request line, such as \"POST /callback HTTP/1.1\"; the "
        "body ahead of it ends here by its Content-Length");
}

TEST_CASE("what is no chunk is refused with its place") {
  const std::string head = "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n";
  CHECK(ErrorOf(head + "<feed/>\n") ==
        "line 4 (byte 45): a chunk must begin here with its size in hex digits; where the body was "
        "saved decoded, remove the field Transfer-Encoding");
  CHECK(ErrorOf(head).starts_with("line 4 (byte 45): a chunk must begin here"));
  CHECK(ErrorOf(head + "5\nab") ==
        "line 5 (byte 47): the file ends within a chunk: 2 of 5 bytes are there");
  CHECK(ErrorOf(head + "ffffffffffffffff\nab").starts_with("line 5 (byte 62): "));
  CHECK(ErrorOf(head + "fffffffffffffffff\nab").starts_with("line 4 (byte 45): "));
  CHECK(ErrorOf(head + "2\nabc\n0\n\n") ==
        "line 5 (byte 49): a chunk must end here with its line: its size says 2 bytes");
  CHECK(ErrorOf(head + "0\n") ==
        "line 5 (byte 47): an empty line must stand behind the last chunk");
}

TEST_CASE("heads and their number are bounded") {
  const std::string line = "POST / HTTP/1.1\n";
  const auto head = [&](std::size_t size) {  // of so many bytes
    return line + "a: " + std::string(size - line.size() - 5, 'x') + "\n\n";
  };
  CHECK(ReadSavedRequests(head(kMaxSavedHead) + "body"));
  const auto large = ReadSavedRequests(head(kMaxSavedHead + 1) + "body");
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::kTooLarge);
  std::string many;
  for (std::size_t i = 0; i < kMaxSavedRequests; ++i) many += "GET / HTTP/1.1\n\n";
  CHECK(ReadSavedRequests(many));
  const auto more = ReadSavedRequests(many + "GET / HTTP/1.1\n\n");
  REQUIRE_FALSE(more);
  CHECK(more.error().code == ErrorCode::kTooLarge);
}

TEST_CASE("a body is as long as its head says whatever it looks like") {
  const std::string body("\0\r\n\r\nGET / HTTP/1.1\r\n\r\n", 23);
  const std::string text = "POST /cb HTTP/1.1\r\nContent-Length: 23\r\n\r\n" + body;
  const auto read = ReadSavedRequests(text + text);
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK(read->front().body == body);
  CHECK(read->back().body == body);
  CHECK(read->back().missing == 0);
}

}  // namespace
}  // namespace websub
