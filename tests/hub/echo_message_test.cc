#include "hub/api/echo_message.h"

#include <doctest/doctest.h>

namespace websub::tests {

using hub::ParseEchoMessages;

namespace {

std::string Why(const std::string& body, const std::string& type = "application/json") {
  const auto messages = ParseEchoMessages(type, body);
  if (messages) return "taken";
  CHECK(messages.error().code == ErrorCode::kInvalid);
  return messages.error().message;
}

}  // namespace

TEST_CASE("an echo.websub message is read with its content decoded") {
  const auto messages = ParseEchoMessages("application/json", R"({
    "type": "echo.websub", "topic": "orders/eu", "contentUrl": "https://c.example/1",
    "contentType": "application/json; charset=utf-8", "contentBase64": "eyJuIjoxfQ==",
    "id": 7, "meta": {"topic": 1}})");
  REQUIRE(messages.has_value());
  REQUIRE(messages->size() == 1);
  const auto& message = messages->front();
  CHECK(message.topic == "orders/eu");
  CHECK(message.content_url == "https://c.example/1");
  CHECK(message.content_type == "application/json; charset=utf-8");
  CHECK(message.content == R"({"n":1})");
}

TEST_CASE("members that are not sent stay empty and null is not sent") {
  const auto messages = ParseEchoMessages(
      "", R"({"topic":"t","contentBase64":"AP8=","contentUrl":null,"contentType":null})");
  REQUIRE(messages.has_value());
  CHECK(messages->front().content == std::string("\0\xff", 2));
  CHECK(messages->front().content_url.empty());
  CHECK(messages->front().content_type.empty());
}

TEST_CASE("several messages come as an array or one a line") {
  const std::string one = R"({"topic":"a","contentBase64":"YQ=="})";
  const std::string two = R"({"topic":"b","contentUrl":"http://c.example/"})";
  for (const auto& [type, body] : std::vector<std::pair<std::string, std::string>>{
           {"application/json", "[" + one + "," + two + "]"},
           {"application/x-ndjson", one + "\n" + two + "\n"},
           {"Application/NDJSON; charset=utf-8", "\r\n" + one + "\r\n\r\n" + two}}) {
    CAPTURE(type);
    const auto messages = ParseEchoMessages(type, body);
    REQUIRE(messages.has_value());
    REQUIRE(messages->size() == 2);
    CHECK((*messages)[0].topic == "a");
    CHECK((*messages)[1].topic == "b");
  }
  CHECK(Why("[" + one + R"(,{"topic":"b"}])") ==
        "message 2: contentBase64: missing, and so is contentUrl: send one");
  CHECK(Why(one + "\n" + one.substr(0, 9), "application/x-ndjson").starts_with("message 2: it is"));
  CHECK(Why(one + "\n" + two) != "taken");  // lines only where they are announced
  CHECK(Why("[]") == "body: it has no message");
  CHECK(Why("\n", "application/ndjson") == "body: it has no message");
}

TEST_CASE("what is wrong with an echo.websub message is told by its member") {
  const std::string start = R"({"topic":"t","contentBase64":"YQ==",)";
  for (const auto& [body, beginning] : std::vector<std::pair<std::string, std::string>>{
           {"", "body: "},
           {"{", "body: "},
           {"topic=t", "body: "},
           {"7", "a message must be a JSON object"},
           {R"(["x"])", "message 1: a message must be"},
           {R"({"contentBase64":"YQ=="})", "topic: missing"},
           {R"({"topic":7,"contentBase64":"YQ=="})", "topic: must be a string"},
           {R"({"topic":"","contentBase64":"YQ=="})", "topic: empty"},
           {R"({"topic":"a\u0000b","contentBase64":"YQ=="})", "topic: holds a control character"},
           {R"({"topic":"t"})", "contentBase64: missing"},
           {R"({"topic":"t","contentBase64":""})", "contentBase64: empty"},
           {R"({"topic":"t","contentBase64":["YQ=="]})", "contentBase64: must be a string"},
           {R"({"topic":"t","contentBase64":"YQ"})", "contentBase64: is not whole base64"},
           {R"({"topic":"t","contentBase64":"YR=="})", "contentBase64: is not whole base64"},
           {R"({"topic":"t","contentBase64":"YQ==\n"})", "contentBase64: is not whole base64"},
           {R"({"topic":"t","contentBase64":"-_8="})", "contentBase64: is not whole base64"},
           {R"({"topic":"t","contentUrl":"/relative"})", "contentUrl: "},
           {R"({"topic":"t","contentUrl":"file:///etc/passwd"})", "contentUrl: "},
           {R"({"topic":"t","contentUrl":true})", "contentUrl: must be a string"},
           {R"({"topic":"t","topic":"u","contentBase64":"YQ=="})", "body: it names the member"},
           {start + R"("contentType":"text/plain\r\nX: y"})", "contentType: "},
           {start + R"("contentType":"plain"})", "contentType: \"plain\" is no media type"},
           {start + R"("contentType":" text/plain"})", "contentType: "},
           {start + R"("contentType":3})", "contentType: must be a string"},
           {start + R"("type":"echo.other"})", "type: is \"echo.other\""},
           {start + R"("type":1})", "type: must be a string"},
       }) {
    CAPTURE(body);
    CHECK(Why(body).starts_with(beginning));
  }
  CHECK(Why(R"({"topic":"t","contentUrl":"http://c.example/)" + std::string(9000, 'a') + "\"}") ==
        "contentUrl: longer than 8192 bytes");
}

TEST_CASE("a request holds a thousand messages and no more") {
  std::string lines;
  for (int i = 0; i < 1000; ++i)
    lines += R"({"topic":"t","contentBase64":"YQ=="})"
             "\n";
  CHECK(ParseEchoMessages("application/ndjson", lines).has_value());
  const auto more = ParseEchoMessages("application/ndjson", lines + "{}");
  REQUIRE_FALSE(more.has_value());
  CHECK(more.error().code == ErrorCode::kTooLarge);
}

}  // namespace websub::tests
