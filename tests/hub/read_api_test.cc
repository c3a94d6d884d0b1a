#include "hub/api/read_api.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::DeliveryOutcome;
using hub::Json;
using hub::Subscription;
using hub::SubscriptionState;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const std::string kTopic = "https://example.org/feed?a=b&c=%20d";
const std::string kCallback = "https://peer.example/cb";

class ApiFixture : public StoreFixture {
 public:
  hub::ReadAnswer Ask(const std::string& path, const std::string& query = "") {
    return hub::ReadApi(
        *store, {clock.Now(), clock.Now() - seconds(90), "http://127.0.0.1:4820/hub", "1.2.3"},
        path, query);
  }
  Json Get(const std::string& path, const std::string& query = "") {
    const auto answer = Ask("/api/v1/" + path, query);
    CHECK_MESSAGE(answer.status == 200, answer.body);
    return answer.body;
  }
  std::string Refusal(int status, const std::string& path, const std::string& query = "") {
    const auto answer = Ask("/api/v1/" + path, query);
    CHECK(answer.status == status);
    return answer.body.value("error", "");
  }
  std::vector<std::string> Ids(const std::string& path, const std::string& query = "") {
    std::vector<std::string> ids;
    const Json page = Get(path, query);
    for (const Json& item : page["items"]) ids.push_back(item["id"]);
    return ids;
  }

  Exchange Begin(ExchangeKind kind, Direction direction, int status, const std::string& outcome) {
    Exchange exchange;
    exchange.at = clock.Now();
    exchange.kind = kind;
    exchange.direction = direction;
    exchange.topic = kTopic;
    exchange.status = status;
    exchange.outcome = outcome;
    return exchange;
  }
  void Keep(Exchange exchange) { REQUIRE(Record({}, {std::move(exchange)}).has_value()); }
  void Settle(const Subscription& subscription, hub::MessageId message,
              DeliveryOutcome::Kind kind) {
    DeliveryOutcome outcome;
    outcome.kind = kind;
    outcome.subscription_id = subscription.id;
    outcome.message_id = message;
    outcome.attempts = 2;
    outcome.first_attempt = clock.Now();
    if (kind == DeliveryOutcome::Kind::kRetry) outcome.retry_at = clock.Now() + seconds(10);
    outcome.reason = "answered 500";
    outcome.now = clock.Now();
    REQUIRE(Record({outcome}).has_value());
  }
};

std::vector<std::string> Kinds(const Json& story) {
  std::vector<std::string> kinds;
  for (const Json& step : story["steps"]) kinds.push_back(step["kind"]);
  return kinds;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(ApiFixture, "an empty hub answers empty lists") {
  for (const char* path : {"topics", "subscriptions", "messages", "exchanges", "dead-letters"}) {
    CHECK(Get(path) == Json::parse(R"({"items": [], "next": null})"));
  }
}

TEST_CASE_FIXTURE(ApiFixture, "a list comes in pages without gap or repeat") {
  for (int i = 0; i < 5; ++i) Publish(kTopic, std::to_string(i));
  Json page = Get("messages", "limit=2");
  CHECK(page["next"] == "m4");
  CHECK(Ids("messages", "limit=2") == Strings{"m5", "m4"});
  CHECK(Ids("messages", "limit=2&after=m4") == Strings{"m3", "m2"});
  page = Get("messages", "limit=2&after=2");
  CHECK(page["items"].size() == 1);
  CHECK(page["next"].is_null());
  // A page that is full and the last one names no next.
  CHECK(Get("messages", "limit=5")["next"].is_null());
  CHECK(Ids("messages", "limit=3&order=oldest") == Strings{"m1", "m2", "m3"});
  CHECK(Ids("messages", "order=oldest&after=m3") == Strings{"m4", "m5"});
}

TEST_CASE_FIXTURE(ApiFixture, "topic and callback filter by exactly what they are once decoded") {
  Subscribe(kTopic, kCallback);
  Subscribe("https://example.org/other", kCallback);
  CHECK(Ids("subscriptions", "topic=https%3A%2F%2Fexample.org%2Ffeed%3Fa%3Db%26c%3D%2520d") ==
        Strings{"s1"});
  CHECK(Ids("topics", "topic=https://example.org/other") == Strings{"t2"});
  CHECK(Ids("subscriptions", "callback=https://peer.example/cb") == Strings{"s2", "s1"});
  CHECK(Ids("subscriptions", "callback=https://peer.example/c").empty());
}

TEST_CASE_FIXTURE(ApiFixture, "ended subscriptions are shown where they are asked for") {
  Subscribe(kTopic, kCallback);
  const auto ended = Subscribe(kTopic, kCallback + "/2");
  REQUIRE(Wait<void>([&](auto done) {
            store->EndSubscription(ended.id, SubscriptionState::kGone, "", clock.Now(), done);
          }).has_value());
  CHECK(Ids("subscriptions") == Strings{"s1"});
  CHECK(Ids("subscriptions", "state=all") == Strings{"s2", "s1"});
  CHECK(Ids("subscriptions", "state=gone") == Strings{"s2"});
  CHECK(Get("subscriptions/s2")["ended_at"] == FormatRfc3339(clock.Now()));
}

TEST_CASE_FIXTURE(ApiFixture, "since and until take a time and a duration back from now") {
  Publish(kTopic, "first");
  const std::string first_at = FormatRfc3339(clock.Now());
  clock.Advance(seconds(60));
  Publish(kTopic, "second");
  CHECK(Ids("messages", "since=59s") == Strings{"m2"});
  CHECK(Ids("messages", "since=60s") == Strings{"m2", "m1"});
  CHECK(Ids("messages", "until=60s") == Strings{"m1"});
  CHECK(Ids("messages", "until=" + first_at) == Strings{"m1"});
  CHECK(Ids("messages", "since=" + first_at) == Strings{"m2", "m1"});
}

TEST_CASE_FIXTURE(ApiFixture,
                  "exchanges are filtered by kind and status and by what they belong to") {
  const auto subscription = Subscribe(kTopic, kCallback);
  Exchange delivered = Begin(ExchangeKind::kDeliver, Direction::kOut, 204, "delivered");
  delivered.subscription_id = subscription.id;
  delivered.message_id = 9;
  Keep(delivered);
  Keep(Begin(ExchangeKind::kFetch, Direction::kOut, 500, "answered 500"));
  Keep(Begin(ExchangeKind::kFetch, Direction::kOut, 0, "refused"));
  CHECK(Ids("exchanges", "kind=deliver") == Strings{"x1"});
  CHECK(Ids("exchanges", "status=500") == Strings{"x2"});
  CHECK(Ids("exchanges", "status=0") == Strings{"x3"});
  CHECK(Ids("exchanges", "subscription=s1") == Strings{"x1"});
  CHECK(Ids("exchanges", "message=m9&kind=deliver") == Strings{"x1"});
  CHECK(Ids("exchanges", "message=m8").empty());
}

TEST_CASE_FIXTURE(ApiFixture, "a bad parameter is refused by a sentence that names it") {
  CHECK(Refusal(400, "topics", "kind=deliver") ==
        "\"kind\" is no parameter here; there are limit, after, order, topic, since, until");
  CHECK(Refusal(400, "messages", "limit=0") == "limit: \"0\" is no number from 1 to 1000");
  for (const char* query : {"limit=1001", "limit=x", "limit=", "limit=-1", "limit=1e3", "after=s1",
                            "after=0", "order=up", "since=yesterday", "since=99999999999999999999d",
                            "until=", "topic=%zz", "limit=1&limit=2", "subscription=m1"}) {
    const std::string name(query, std::string(query).find('='));
    CAPTURE(query);
    CHECK(Refusal(400, "messages", query).find(name == "topic" ? "topic" : name) !=
          std::string::npos);
  }
  CHECK(Refusal(400, "subscriptions", "state=asleep").starts_with("state: \"asleep\" is none of"));
  CHECK(Refusal(400, "exchanges", "kind=call").starts_with("kind: "));
  CHECK(Refusal(400, "exchanges", "status=20x").starts_with("status: "));
  CHECK(Refusal(400, "exchanges", "status=99").starts_with("status: "));
  CHECK(Refusal(400, "status", "x=1") == "\"x\" is no parameter here; there are none");
  Publish(kTopic, "a");
  CHECK(Refusal(400, "messages/m1", "limit=1") == "\"limit\" is no parameter here; there are none");
}

TEST_CASE_FIXTURE(ApiFixture, "what is not there is 404 with a sentence") {
  CHECK(Refusal(404, "messages/m1") == "there is no message \"m1\"");
  CHECK(Refusal(404, "subscriptions/m1") == "there is no subscription \"m1\"");
  CHECK(Refusal(404, "subscriptions/s1/timeline") == "there is no subscription \"s1\"");
  for (const char* path : {"", "nothing", "topics/", "topics/t1/x", "status/", "exchanges/%31",
                           "subscriptions//timeline", "dead-letters/d1"}) {
    CAPTURE(path);
    CHECK_FALSE(Refusal(404, path).empty());
  }
  CHECK(Ask("/api/v2/topics").status == 404);
}

TEST_CASE_FIXTURE(ApiFixture, "a message tells how far it has come") {
  const auto done = Subscribe(kTopic, kCallback + "/1");
  const auto waiting = Subscribe(kTopic, kCallback + "/2");
  const auto failed = Subscribe(kTopic, kCallback + "/3");
  const auto gone = Subscribe(kTopic, kCallback + "/4");
  clock.Advance(seconds(1));
  const auto first = Publish(kTopic, "first");
  clock.Advance(seconds(1));
  const auto second = Publish(kTopic, "second");
  clock.Advance(seconds(1));
  Subscribe(kTopic, kCallback + "/5");  // too young for both
  Subscribe("https://example.org/other", kCallback);

  Settle(done, first.id, DeliveryOutcome::Kind::kDelivered);
  Settle(done, second.id, DeliveryOutcome::Kind::kDelivered);
  Settle(waiting, first.id, DeliveryOutcome::Kind::kDelivered);
  Settle(waiting, second.id, DeliveryOutcome::Kind::kRetry);
  Settle(failed, first.id, DeliveryOutcome::Kind::kGivenUp);
  Settle(gone, first.id, DeliveryOutcome::Kind::kGone);

  const Json one = Get("messages/m1");
  CHECK(one["delivered"] == 2);
  CHECK(one["pending"] == 0);
  CHECK(one["dead"] == 1);
  CHECK(one["body"] == "first");
  const Json page = Get("messages");
  CHECK(page["items"][0]["id"] == "m2");
  CHECK(page["items"][0]["delivered"] == 1);
  CHECK(page["items"][0]["pending"] == 2);
  CHECK(page["items"][0]["dead"] == 0);
  CHECK(page["items"][1]["delivered"] == 2);
  CHECK_FALSE(page["items"][0].contains("body"));

  CHECK(Get("subscriptions/s1")["behind"] == 0);
  CHECK(Get("subscriptions/s2")["behind"] == 1);
  CHECK(Get("subscriptions/s2")["cursor"] == "m1");
  CHECK(Get("subscriptions/s2")["retry_at"] == FormatRfc3339(clock.Now() + seconds(10)));
  CHECK(Get("subscriptions/s4")["behind"] == 0);  // nothing is due to one that ended
  CHECK(Ids("messages", "subscription=s2") == Strings{"m2"});
  CHECK(Get("topics/t1")["subscriptions"] == 4);
  CHECK(Get("topics/t1")["last_message"] == "m2");
  CHECK(Get("dead-letters")["items"][0] == Get("dead-letters/d1"));
  CHECK(Get("dead-letters/1")["subscription"] == "s3");
}

TEST_CASE_FIXTURE(ApiFixture,
                  "subscriptions of one topic with different cursors are each counted") {
  std::vector<Subscription> all;
  for (int i = 0; i < 4; ++i) all.push_back(Subscribe(kTopic, kCallback + std::to_string(i)));
  std::vector<hub::MessageId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(Publish(kTopic, "x").id);
    Publish("https://example.org/between", "y");  // ids of one topic's log have gaps
  }
  for (std::size_t i = 1; i < 4; ++i) {
    for (std::size_t k = 0; k < i; ++k) Settle(all[i], ids[k], DeliveryOutcome::Kind::kDelivered);
  }
  const Json page = Get("subscriptions", "order=oldest");
  for (std::size_t i = 0; i < 4; ++i) CHECK(page["items"][i]["behind"] == 3 - i);
}

TEST_CASE_FIXTURE(ApiFixture, "no secret is in any answer") {
  const auto subscription = Subscribe(kTopic, kCallback, "tell-nobody");
  REQUIRE(StoreFixture::Ask(Mode::kSubscribe, kTopic, kCallback, "tell-nobody-2").has_value());
  for (const char* path :
       {"topics", "subscriptions", "subscriptions/s1", "subscriptions/s1/timeline", "status"}) {
    CHECK(hub::Dump(Get(path)).find("tell-nobody") == std::string::npos);
  }
  CHECK(Get("subscriptions/s1")["secret"] == true);
  CHECK(Get("subscriptions/s1")["verification"]["mode"] == "subscribe");
}

TEST_CASE_FIXTURE(ApiFixture, "the status tells version and url and counts") {
  Subscribe(kTopic, kCallback);
  Publish(kTopic, "a");
  const Json status = Get("status");
  CHECK(status["version"] == "1.2.3");
  CHECK(status["url"] == "http://127.0.0.1:4820/hub");
  CHECK(status["uptime_seconds"] == 90);
  CHECK(status["write_fault"].is_null());
  CHECK(status["counts"]["subscriptions"] == Json{{"pending", 0}, {"active", 1}});
  CHECK(status["counts"]["messages"] == 1);
}

TEST_CASE_FIXTURE(ApiFixture, "a timeline tells the story in order") {
  Exchange subscribe = Begin(ExchangeKind::kSubscribe, Direction::kIn, 202, "accepted");
  const auto intent = StoreFixture::Ask(Mode::kSubscribe, kTopic, kCallback);
  REQUIRE(intent.has_value());
  subscribe.subscription_id = intent->subscription_id;
  Keep(subscribe);
  clock.Advance(milliseconds(8));
  Exchange verify = Begin(ExchangeKind::kVerify, Direction::kOut, 200, "verified: subscribed");
  verify.subscription_id = intent->subscription_id;
  verify.request_head = "GET /cb?hub.mode=subscribe HTTP/1.1\r\nHost: peer.example\r\n\r\n";
  verify.response_body = "challenge";
  const auto subscription = Confirm(intent->id);
  REQUIRE(subscription.has_value());
  Keep(verify);

  clock.Advance(seconds(1));
  Exchange publish = Begin(ExchangeKind::kPublish, Direction::kIn, 204, "published");
  const auto message = Publish(kTopic, "content");
  publish.message_id = message.id;
  Keep(publish);
  Publish("https://example.org/other", "of no concern");
  Exchange deliver = Begin(ExchangeKind::kDeliver, Direction::kOut, 500, "answered 500");
  deliver.subscription_id = subscription->id;
  deliver.message_id = message.id;
  deliver.response_body = "it broke";
  Keep(deliver);
  clock.Advance(seconds(1));
  Settle(*subscription, message.id, DeliveryOutcome::Kind::kGivenUp);
  Publish(kTopic, "its publish was recorded no more");
  clock.Advance(seconds(3600));
  REQUIRE(Wait<std::vector<hub::SubscriptionId>>([&](auto done) {
            store->ExpireLeases(clock.Now(), done);
          }).has_value());
  clock.Advance(seconds(1));
  Publish(kTopic, "after the end");

  const Json story = Get("subscriptions/s1/timeline");
  CHECK(story["subscription"]["state"] == "expired");
  CHECK(story["truncated"] == false);
  CHECK(Kinds(story) ==
        Strings{"subscribe", "verify", "publish", "deliver", "message", "dead-letter", "expired"});
  const Json& steps = story["steps"];
  CHECK(steps[0]["gap"].is_null());
  CHECK(steps[1]["gap"] == 8.0);
  CHECK(steps[1]["request_line"] == "GET /cb?hub.mode=subscribe HTTP/1.1");
  CHECK(steps[1]["response_start"].is_null());
  CHECK(steps[2]["content"] ==
        Json{{"message", "m1"}, {"content_type", "text/plain"}, {"size", 7}});
  CHECK(steps[3]["response_start"] == "it broke");
  CHECK(steps[5]["reason"] == "answered 500");
  CHECK(steps[6]["type"] == "state");
}

TEST_CASE_FIXTURE(ApiFixture, "a timeline that is cut has no holes") {
  const auto subscription = Subscribe(kTopic, kCallback);
  for (int i = 0; i < 4; ++i) {
    clock.Advance(seconds(1));
    Publish(kTopic, "x");
  }
  for (int i = 0; i < 2; ++i) {
    clock.Advance(seconds(1));
    Exchange deliver = Begin(ExchangeKind::kDeliver, Direction::kOut, 204, "delivered");
    deliver.subscription_id = subscription.id;
    Keep(deliver);
  }
  CHECK(Kinds(Get("subscriptions/s1/timeline")) ==
        Strings{"verified", "message", "message", "message", "message", "deliver", "deliver"});
  CHECK(Get("subscriptions/s1/timeline", "limit=7")["truncated"] == false);
  const Json cut = Get("subscriptions/s1/timeline", "limit=3");
  CHECK(Kinds(cut) == Strings{"message", "deliver", "deliver"});
  CHECK(cut["truncated"] == true);
  // One kind of step alone, cut or just whole.
  CHECK(Get("subscriptions/s1/timeline", "since=5s&until=2s&limit=3")["truncated"] == true);
  CHECK(Get("subscriptions/s1/timeline", "since=5s&until=2s&limit=4")["truncated"] == false);
  CHECK(Kinds(Get("subscriptions/s1/timeline", "since=1s")) == Strings{"deliver", "deliver"});
  CHECK(Kinds(Get("subscriptions/s1/timeline", "until=4s")) ==
        Strings{"verified", "message", "message"});
}

TEST_CASE_FIXTURE(ApiFixture, "a file is read beside its owner and answers the same") {
  Subscribe(kTopic, kCallback);
  Publish(kTopic, "a");
  TaskQueue other;
  const auto reader =
      hub::Store::Open({file, hub::StoreOptions::Access::kReadOnly}, other.Executor());
  REQUIRE(reader.has_value());
  for (const char* path : {"topics", "subscriptions", "messages", "subscriptions/s1/timeline"}) {
    const auto answer = hub::ReadApi(**reader, {clock.Now(), std::nullopt, "", "1.2.3"},
                                     std::string("/api/v1/") + path, "");
    CHECK(answer.body == Get(path));
  }
}

}  // namespace websub::tests
