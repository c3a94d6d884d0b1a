#include "hub/delivery/resender.h"

#include <doctest/doctest.h>

#include "tests/support/feeds.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";
const std::string kCallback = "https://one.example/cb?a=1";

class Resending : public HubRig {
 public:
  Resending() {
    delivery.retry.retries = 0;  // what fails is given up at once
    peers = [this](const FakeTransport::Call& call) -> std::optional<hub::OutgoingResult> {
      sent.push_back({call.request.head, call.body()});
      return Answer(status, "said");
    };
  }
  ~Resending() { resender.reset(); }

  void Begin(const std::string& secret = "") {
    Start();
    resender = std::make_unique<hub::Resender>(*store, transport, *recorder, clock, delivery);
    subscription = Subscribe(kTopic, kCallback, secret);
  }
  // Lets it happen, and tells what became of it.
  Result<Exchange> Resend(hub::ExchangeId id) {
    return Finish([&](auto done) { resender->Resend(id, done); });
  }
  Result<Exchange> Retry(hub::DeadLetterId id) {
    return Finish([&](auto done) { resender->Retry(id, done); });
  }
  template <typename Call>
  Result<Exchange> Finish(Call call) {
    std::optional<Result<Exchange>> result;
    clock.Advance(1s);
    call([&result](Result<Exchange> told) { result = std::move(told); });
    Keep();
    REQUIRE(result.has_value());
    return *result;
  }
  hub::ExchangeId LastExchange() const { return store->EndsOfLogs().exchange; }

  struct Request {
    std::string head;
    std::string body;
  };
  int status = 204;
  std::vector<Request> sent;
  hub::Subscription subscription;
  std::unique_ptr<hub::Resender> resender;
};

std::string FieldOf(const std::string& head, const std::string& name) {
  return FirstField(HeadFields(head), name);
}

}  // namespace

TEST_CASE_FIXTURE(Resending, "a delivery is sent again as it was and beside the lane") {
  Begin("secret");
  PublishAndWake(kTopic, "one");
  PublishAndWake(kTopic, "two");
  Keep();
  REQUIRE(sent.size() == 2);
  const auto cursor = Now(subscription).cursor;
  const auto again = Resend(1);
  REQUIRE(again.has_value());
  REQUIRE(sent.size() == 3);
  CHECK(sent[2].body == "one");
  CHECK(FieldOf(sent[2].head, "Websub-Message-Id") == "m1");
  CHECK(FieldOf(sent[2].head, "Websub-Attempt") == "2");
  // openssl dgst -sha256 -hmac secret, of "one"
  CHECK(FieldOf(sent[2].head, "X-Hub-Signature") ==
        "sha256=620baacaa5e01c8061c0b52e8c4bf9de98edcdb129793fd210c8191edc0b3a63");
  CHECK(sent[2].head.substr(0, 20) == sent[0].head.substr(0, 20));
  CHECK(again->id == LastExchange());
  CHECK(again->status == 204);
  CHECK(again->outcome == "delivered, sent again by hand");
  CHECK(store->FindExchange(again->id)->attempt == 2);
  CHECK(Now(subscription).cursor == cursor);
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Resending, "a resend that fails changes nothing but the record") {
  Begin();
  PublishAndWake(kTopic, "one");
  Keep();
  const auto before = Now(subscription);
  for (const int bad : {500, 410}) {
    status = bad;
    const auto again = Resend(1);
    REQUIRE(again.has_value());
    CHECK(again->status == bad);
    CHECK(again->outcome == "answered " + std::to_string(bad) + ", sent again by hand");
  }
  const auto after = Now(subscription);
  CHECK(after.state == hub::SubscriptionState::kActive);
  CHECK(after.cursor == before.cursor);
  CHECK(after.attempts == 0);
  CHECK_FALSE(after.retry_at);
  CHECK(DeadLetters().empty());
}

TEST_CASE_FIXTURE(Resending, "a dead letter goes once it is taken and stays while it is not") {
  Begin();
  status = 500;
  PublishAndWake(kTopic, "one");
  Keep();
  REQUIRE(DeadLetters().size() == 1);
  CHECK(Retry(1)->status == 500);
  CHECK(DeadLetters().size() == 1);
  status = 200;
  const auto taken = Retry(1);
  REQUIRE(taken.has_value());
  CHECK(taken->status == 200);
  CHECK(taken->attempt == 2);
  CHECK(DeadLetters().empty());
  CHECK(Retry(1).error().code == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(Resending, "what cannot be sent again is refused with the reason") {
  Begin();
  Exchange other;
  other.at = clock.Now();
  other.kind = ExchangeKind::kSubscribe;
  recorder->Add(other);
  Keep();
  CHECK(Resend(1).error().message.starts_with("x1 is no delivery (subscribe)"));
  CHECK(Resend(99).error().code == ErrorCode::kNotFound);
  PublishAndWake(kTopic, "one");
  Keep();
  REQUIRE(Wait<void>([&](auto done) {
            store->EndSubscription(subscription.id, hub::SubscriptionState::kExpired, "",
                                   clock.Now(), done);
          }).has_value());
  const auto refused = Resend(2);
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(refused.error().message == "the subscription s1 is not in force: expired");
  CHECK(sent.size() == 1);
}

TEST_CASE_FIXTURE(Resending, "a feed is sent again with the entries that it was sent with") {
  delivery.feed_diff = FeedDiff::kOn;
  Begin();
  const auto publish = [&](const std::string& feed) {
    const auto made = Wait<hub::Message>(
        [&](auto done) { store->AppendMessage(AsFeed(Content(kTopic, ""), feed), done); });
    REQUIRE(made.has_value());
    deliverer->Wake(made->topic_id, made->id);
    Keep();
  };
  publish(AtomFeed({"1", "2"}));
  publish(AtomFeed({"3", "1", "2"}));
  publish(AtomFeed({"4", "3", "1", "2"}));
  REQUIRE(sent.size() == 3);
  REQUIRE(Resend(2).has_value());
  CHECK(sent[3].body == sent[1].body);
  CHECK(FieldOf(sent[3].head, "Websub-Entries") == FieldOf(sent[1].head, "Websub-Entries"));
}

}  // namespace websub::tests
