#include "hub/api/views.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace websub::hub {
namespace {

using std::chrono::microseconds;

Time At(const char* text) {
  return ParseRfc3339(text).value();
}

TEST_CASE("an id is read with its letter and without it") {
  CHECK(PrintId('s', 12) == "s12");
  CHECK(ParseId('s', "s12") == 12);
  CHECK(ParseId('s', "12") == 12);
  CHECK(ParseId('s', "9223372036854775807") == 9223372036854775807);
  for (const char* text : {"", "s", "m12", "ss1", "s-1", "-1", "0", "s0", "1.5", "1 ", " 1", "0x1",
                           "9223372036854775808"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseId('s', text));
  }
}

TEST_CASE("of a secret only is shown whether there is one") {
  Subscription subscription;
  subscription.id = 7;
  subscription.secret = "tell nobody";
  Intent intent;
  intent.secret = "tell nobody either";
  const Json with = View(subscription, 0, {intent});
  CHECK(with["secret"] == true);
  CHECK(Dump(with).find("nobody") == std::string::npos);
  subscription.secret.clear();
  CHECK(View(subscription, 0, {})["secret"] == false);
}

TEST_CASE("a subscription shows what it waits for") {
  Subscription subscription;
  subscription.id = 7;
  subscription.topic = "https://example.org/feed";
  subscription.callback = "https://example.org/cb";
  subscription.state = SubscriptionState::kActive;
  subscription.lease = std::chrono::seconds(600);
  subscription.created_at = At("2026-11-21T20:32:01.123456Z");
  subscription.cursor = 3;
  subscription.algorithm = SignatureAlgorithm::kSha1;
  subscription.identity = "alice";
  Intent intent;
  intent.mode = Mode::kUnsubscribe;
  intent.attempts = 2;
  intent.due_at = At("2026-11-21T20:33:00Z");
  const Json expected = Json::parse(R"({
    "id": "s7", "topic": "https://example.org/feed", "callback": "https://example.org/cb",
    "state": "active", "secret": false, "algorithm": "sha1", "identity": "alice",
    "lease_seconds": 600,
    "created_at": "2026-11-21T20:32:01.123456Z", "verified_at": null, "expires_at": null,
    "ended_at": null, "cursor": "m3", "behind": 4, "attempts": 0, "retry_at": null,
    "verification": {"mode": "unsubscribe", "attempts": 2, "due_at": "2026-11-21T20:33:00.000000Z"}
  })");
  CHECK(View(subscription, 4, {intent}) == expected);
}

TEST_CASE("timings are milliseconds to the microsecond and only of phases that happened") {
  PhaseTimings timings;
  timings.connect = microseconds(200);
  timings.total = microseconds(1234567);
  CHECK(Dump(View(timings)) == R"({"connect":0.2,"total":1234.567})");
}

TEST_CASE("a body is text where it is UTF-8 and base64 where not") {
  Message message;
  message.id = 1;
  message.body = std::make_shared<const std::string>("grün");
  CHECK(ViewWhole(message, {})["body"] == "grün");
  CHECK_FALSE(ViewWhole(message, {}).contains("body_base64"));
  message.body = std::make_shared<const std::string>("gr\xfcn");
  CHECK(ViewWhole(message, {})["body_base64"] == "Z3L8bg==");  // printf 'gr\374n' | base64
  CHECK_FALSE(ViewWhole(message, {}).contains("body"));
}

TEST_CASE("a delivery and a publish show the body of their message") {
  Exchange exchange;
  exchange.kind = ExchangeKind::kDeliver;
  Message message;
  message.body = std::make_shared<const std::string>("content");
  exchange.message_id = 1;
  CHECK(ViewWhole(exchange, message)["request_body"] == "content");
  exchange.kind = ExchangeKind::kPublish;
  CHECK(ViewWhole(exchange, message)["request_body"] == "content");
  CHECK(ViewWhole(exchange, std::nullopt)["request_body"].is_null());
  exchange.kind = ExchangeKind::kPublish;
  exchange.request_body = "hub.mode=publish";
  CHECK(ViewWhole(exchange, std::nullopt)["request_body"] == "hub.mode=publish");
}

TEST_CASE("an exchange without an answer shows its fault and no status") {
  Exchange exchange;
  exchange.id = 5;
  exchange.fault = Fault::kRefused;
  const Json view = View(exchange);
  CHECK(view["id"] == "x5");
  CHECK(view["status"].is_null());
  CHECK(view["fault"] == "refused");
  exchange.fault = Fault::kNone;
  exchange.status = 204;
  CHECK(View(exchange)["status"] == 204);
  CHECK(View(exchange)["fault"].is_null());
}

TEST_CASE("text that is no UTF-8 does not keep JSON from being written") {
  Topic topic;
  topic.url = "https://t/\xff";
  CHECK(Dump(View(topic, 0)).find("https://t/\xef\xbf\xbd") != std::string::npos);
}

}  // namespace
}  // namespace websub::hub
