#include <doctest/doctest.h>

#include "cli/commands/subscribe_report.h"
#include "core/base64.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli {
namespace {

const SubscriptionFacts kFacts{.topic = "https://t/feed",
                               .hub = "https://u:pw@h/hub",
                               .callback = "http://127.0.0.1:1/cb",
                               .has_secret = true};

Delivery Valid() {
  Delivery delivery;
  delivery.check = {SignatureVerdict::kValid, SignatureAlgorithm::kSha256, ""};
  delivery.content_type = "text/plain";
  delivery.message_id = "m1";
  delivery.attempt = 2;
  return delivery;
}

// What one notification prints.
std::string Printed(FakeEnvironment& fake, const OutputOptions& options, const Delivery& delivery,
                    std::string_view body) {
  Output output(fake.environment, options);
  SubscribeReport report(fake.environment, output, 1);
  Arrival arrival;
  arrival.delivery = delivery;
  arrival.body = std::make_shared<const std::string>(body);
  arrival.bytes = body.size();
  report.Notification(kFacts, arrival);
  return fake.out.str();
}

TEST_CASE("a body is shown to people line by line and cannot drive the terminal") {
  CHECK(BodyForPeople("a\r\n\tb\x1b[2J\n", "text/plain", {}) == "a\n\tb\\x1b[2J\n");
  CHECK(BodyForPeople("no end", "", {}) == "no end\n");
  CHECK(BodyForPeople("", "", {}).empty());
}

TEST_CASE("a long body is cut to the rows of a terminal and says how much is left") {
  const BodyLimits limits{2, 4};
  CHECK(BodyForPeople("a\nb\n", "", limits) == "a\nb\n");
  CHECK(BodyForPeople("a\nb\nc\n", "", limits) == "a\nb\n… 2 bytes more (-v shows all)\n");
  CHECK(BodyForPeople("abcdefgh", "", limits) == "abcdefgh\n");
  CHECK(BodyForPeople("abcdefghij", "", limits) == "abcdefgh\n… 2 bytes more (-v shows all)\n");
  CHECK(BodyForPeople("ääääääääää", "", limits) == "ääääääää\n… 4 bytes more (-v shows all)\n");
}

TEST_CASE("bytes that are no text are shown in hex") {
  const std::string png("\x89PNG\r\n\x1a\n\0\0", 10);
  CHECK(BodyForPeople(png, "image/png", {}) == "89 50 4e 47 0d 0a 1a 0a 00 00\n");
  const auto shown = BodyForPeople(std::string(70, '\xff'), "image/png", {});
  CHECK(shown.ends_with("… 6 bytes more (not text)\n"));
  CHECK(BodyForPeople("caf\xe9", "text/html; charset=iso-8859-1", {}) == "caf\\xe9\n");
}

TEST_CASE("a notification for people has a line with its signature and then the body") {
  FakeEnvironment fake;
  CHECK(Printed(fake, {}, Valid(), "hello") ==
        "20:32:01  text/plain  5 B  signature: valid (sha256)  message m1  attempt 2\nhello\n\n");
}

TEST_CASE("a notification as JSON gives back the exact bytes") {
  const std::string binary("\0\xff\n", 3);
  FakeEnvironment fake;
  auto event = Json::parse(Printed(fake, {.json = true}, Valid(), binary));
  CHECK(event["type"] == "notification");
  CHECK(event["topic"] == "https://t/feed");
  CHECK(event["content_type"] == "text/plain");
  CHECK(event["signature"] == "valid");
  CHECK(event["algorithm"] == "sha256");
  CHECK(event["bytes"] == 3);
  CHECK(event["message_id"] == "m1");
  CHECK(event["attempt"] == 2);
  CHECK(DecodeBase64(event["body_base64"].get<std::string>()) == binary);
  CHECK(!event.contains("body"));
  CHECK(!event.contains("duplicate"));
  FakeEnvironment text;
  event = Json::parse(Printed(text, {.json = true}, Valid(), "é\r\n\t\x01"));
  CHECK(event["body"] == "é\r\n\t\x01");
}

TEST_CASE("discarded content is not printed in any mode (SUB-DIS-02 SUB-DIS-03)") {
  for (const auto verdict : {SignatureVerdict::kInvalid, SignatureVerdict::kMissing}) {
    Delivery delivery = Valid();
    delivery.check = {verdict, std::nullopt, "it does not fit"};
    for (const OutputOptions& options :
         {OutputOptions{}, OutputOptions{.json = true}, OutputOptions{.quiet = true},
          OutputOptions{.verbose = 1}}) {
      FakeEnvironment fake;
      const auto printed = Printed(fake, options, delivery, "forged words");
      CAPTURE(printed);
      CHECK(printed.find("forged") == std::string::npos);
      CHECK((options.quiet || printed.find("it does not fit") != std::string::npos));
    }
  }
}

TEST_CASE("quiet prints the bodies alone and whole") {
  FakeEnvironment fake;
  CHECK(Printed(fake, {.quiet = true}, Valid(), "a\r\n\x1b") == "a\r\n\x1b");
  FakeEnvironment terminal;
  terminal.environment.terminal.out = true;
  CHECK(Printed(terminal, {.quiet = true}, Valid(), "a\x1b") == "a\\x1b\n");
}

TEST_CASE("a duplicate is marked and its body is not repeated") {
  Delivery delivery = Valid();
  delivery.seen = Seen::kBefore;
  FakeEnvironment fake;
  const auto printed = Printed(fake, {}, delivery, "hello");
  CHECK(printed.ends_with("attempt 2  duplicate\n"));
  FakeEnvironment json;
  CHECK(Json::parse(Printed(json, {.json = true}, delivery, "hello"))["duplicate"] == true);
}

TEST_CASE("the password of a hub is not printed") {
  FakeEnvironment fake;
  Output output(fake.environment, {.json = true});
  SubscribeReport report(fake.environment, output, 1);
  report.Requested(kFacts, RequestKind::kSubscribe, std::chrono::seconds(60));
  CHECK(fake.out.str().find("pw") == std::string::npos);
  const auto event = Json::parse(fake.out.str());
  CHECK(event["hub"] == "https://u:***@h/hub");
  CHECK(event["mode"] == "subscribe");
  CHECK(event["lease_seconds"] == 60);
  CHECK(event["has_secret"] == true);
}

TEST_CASE("a secret is exposed over http to another machine only (SUB-REQ-06)") {
  const auto exposes = [](const char* url) { return ExposesSecret(Url::Parse(url).value()); };
  CHECK(exposes("http://example.com/hub"));
  CHECK(exposes("http://192.168.0.1/hub"));
  CHECK(!exposes("https://example.com/hub"));
  CHECK(!exposes("http://127.0.0.1:4820/hub"));
  CHECK(!exposes("http://localhost:4820/hub"));
  CHECK(!exposes("http://[::1]/hub"));
  CHECK(exposes("http://localhost.example.com/hub"));
}

}  // namespace
}  // namespace websub::cli
