#include "cli/commands/inspect_export.h"

#include <doctest/doctest.h>

#include "cli/commands/inspect_resend.h"
#include "cli/commands/inspect_watch.h"

namespace websub::cli::inspect {
namespace {

Exchange Delivery() {
  Exchange exchange;
  exchange.id = 3;
  exchange.at = *ParseRfc3339("2026-11-22T10:00:00.250000Z");
  exchange.url = "http://app.example:3000/hook?a=1";
  exchange.peer = "192.0.2.1:3000";
  exchange.request_head =
      "POST /hook?a=1&b=%20x HTTP/1.1\r\nHost: app.example:3000\r\nContent-Type: text/plain\r\n"
      "X-Two: 1\r\nX-Two: 2\r\nContent-Length: 5\r\n\r\n";
  exchange.request_body = "it's\n";
  exchange.response_head =
      "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nLocation: /y\r\n\r\n";
  exchange.response_body = "boom";
  exchange.response_body_size = 4;
  exchange.status = 500;
  return exchange;
}

Json Timings() {
  return {
      {"id", "x3"},
      {"timings",
       {{"resolve", 1.5}, {"connect", 2.0}, {"tls", 3.0}, {"first_byte", 4.0}, {"total", 12.5}}}};
}

}  // namespace

TEST_CASE("an archive has what HAR demands of request and answer and timings") {
  const Json har = HttpArchive({{Timings(), Delivery()}});
  CHECK(har["log"]["version"] == "1.2");
  CHECK(har["log"]["creator"]["name"] == "websub");
  const Json entry = har["log"]["entries"].at(0);
  CHECK(entry["startedDateTime"] == "2026-11-22T10:00:00.250000Z");
  CHECK(entry["serverIPAddress"] == "192.0.2.1");
  const Json& request = entry["request"];
  CHECK(request["method"] == "POST");
  CHECK(request["url"] == "http://app.example:3000/hook?a=1&b=%20x");
  CHECK(request["httpVersion"] == "HTTP/1.1");
  CHECK(request["headers"].size() == 5);
  CHECK(request["headers"][3] == Json{{"name", "X-Two"}, {"value", "2"}});
  CHECK(request["queryString"][1] == Json{{"name", "b"}, {"value", " x"}});
  CHECK(request["postData"]["text"] == "it's\n");
  CHECK(request["postData"]["mimeType"] == "text/plain");
  CHECK(request["bodySize"] == 5);
  const Json& response = entry["response"];
  CHECK(response["status"] == 500);
  CHECK(response["statusText"] == "Internal Server Error");
  CHECK(response["content"]["text"] == "boom");
  CHECK(response["redirectURL"] == "/y");
  // 1.5 + (2 + 3) + 4 leave 2 of 12.5.
  const Json& timings = entry["timings"];
  CHECK(timings["dns"] == 1.5);
  CHECK(timings["connect"] == 5.0);
  CHECK(timings["ssl"] == 3.0);
  CHECK(timings["wait"] == 4.0);
  CHECK(timings["receive"] == 2.0);
  CHECK(entry["time"] == 12.5);
}

TEST_CASE("an archive shows what is no text as base64 and no answer as status 0") {
  Exchange exchange = Delivery();
  exchange.request_body = "\xff\xfe";
  exchange.response_head = exchange.response_body = "";
  exchange.response_body_size = 0;
  exchange.status = 0;
  exchange.outcome = "connection refused";
  const Json entry = HttpArchive({{Json::object(), exchange}})["log"]["entries"].at(0);
  CHECK(entry["request"]["postData"]["text"] == "//4=");
  CHECK(entry["request"]["postData"]["encoding"] == "base64");
  CHECK(entry["response"]["status"] == 0);
  CHECK(entry["response"]["_error"] == "connection refused");
  CHECK(entry["timings"]["connect"] == -1);
  CHECK(entry["time"] == 0.0);
}

TEST_CASE("a request that a peer sent has the URL of its Host") {
  Exchange exchange = Delivery();
  exchange.direction = Direction::kIn;
  exchange.url = "/hub";
  exchange.request_head = "POST /hub HTTP/1.1\r\nHost: hub.example\r\n\r\n";
  CHECK(UrlOf(exchange) == "http://hub.example/hub");
  exchange.request_head.clear();
  CHECK(UrlOf(exchange) == "/hub");
}

TEST_CASE("a curl command keeps every field in order and quotes the body") {
  const std::string command = CurlOf(Delivery());
  CHECK(command.find("'http://app.example:3000/hook?a=1&b=%20x'") != std::string::npos);
  const auto first = command.find("'X-Two: 1'");
  CHECK(first != std::string::npos);
  CHECK(command.find("'X-Two: 2'") > first);
  CHECK(command.find("Host:") == std::string::npos);
}

TEST_CASE("raw bytes are in one chunk where the head says chunks") {
  CHECK(RawBytes("HTTP/1.1 200 OK\r\n\r\n", "abc") == "HTTP/1.1 200 OK\r\n\r\nabc");
  const std::string head = "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n";
  CHECK(RawBytes(head, "0123456789abcdef") == head + "10\r\n0123456789abcdef\r\n0\r\n\r\n");
  CHECK(RawBytes(head, "") == head + "0\r\n\r\n");
}

TEST_CASE("what is sent from here differs in target and Host only") {
  const auto url = Url::Parse("http://localhost:3000/other");
  REQUIRE(url);
  CHECK(*HeadFor(*url, Delivery()) ==
        "POST /other HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: text/plain\r\nX-Two: 1\r\n"
        "X-Two: 2\r\nContent-Length: 5\r\n\r\n");
  Exchange exchange = Delivery();
  exchange.request_head =
      "PUT /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nx-odd:  as is "
      "\r\n\r\n";
  CHECK(
      *HeadFor(*url, exchange) ==
      "PUT /other HTTP/1.1\r\nx-odd:  as is \r\nContent-Length: 5\r\nHost: localhost:3000\r\n\r\n");
  exchange.request_head = "no";
  CHECK_FALSE(HeadFor(*url, exchange).has_value());
}

TEST_CASE("an event is a line with its time and id and kind at fixed places") {
  const auto text = [](const Json& event) {
    std::string line;
    for (const Piece& piece : EventLine(event)) line += piece.text;
    return line;
  };
  CHECK(text({{"type", "exchange"},
              {"at", "2026-11-22T10:00:00.250000Z"},
              {"kind", "deliver"},
              {"id", "x12"},
              {"direction", "out"},
              {"subscription", "s1"},
              {"message", "m3"},
              {"callback", "http://app.example/"},
              {"status", 204},
              {"outcome", "delivered"},
              {"timings", {{"total", 1.25}}}}) ==
        "10:00:00.250  x12    ->  deliver      204       1.2ms  s1 m3    delivered                 "
        "http://app.example/");
  CHECK(text({{"type", "state"},
              {"at", "2026-11-22T10:00:00.250000Z"},
              {"kind", "expired"},
              {"subscription", "s1"},
              {"topic", "http://t.example/"},
              {"callback", "http://app.example/"}})
            .find("expired") == 25);
}

}  // namespace websub::cli::inspect
