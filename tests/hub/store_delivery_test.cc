#include <doctest/doctest.h>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::DeliveryOutcome;
using hub::LaneRow;
using hub::Message;
using hub::Subscription;
using hub::SubscriptionId;
using hub::SubscriptionState;
using std::chrono::seconds;

namespace {

const std::string kTopic = "https://example.org/feed";

DeliveryOutcome Outcome(DeliveryOutcome::Kind kind, const Subscription& subscription,
                        const Message& message, Time now) {
  DeliveryOutcome outcome;
  outcome.kind = kind;
  outcome.subscription_id = subscription.id;
  outcome.message_id = message.id;
  outcome.attempts = 4;
  outcome.first_attempt = now - seconds(9);
  outcome.retry_at = now + seconds(30);
  outcome.reason = "answered 500";
  outcome.now = now;
  return outcome;
}

std::vector<SubscriptionId> Ids(const hub::LanePage& page) {
  std::vector<SubscriptionId> ids;
  for (const LaneRow& row : page.lanes) ids.push_back(row.id);
  return ids;
}

}  // namespace

TEST_CASE_FIXTURE(StoreFixture, "a topic is taken up where it has messages and subscribers") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  Publish("https://example.org/nobody", "one");
  CHECK(Ask(Mode::kSubscribe, "https://example.org/nobody", "https://pending.example/"));
  CHECK(store->TopicsWithMessages().empty());
  const Message message = Publish(kTopic, "one");
  CHECK(store->TopicsWithMessages() == std::vector<hub::TopicId>{message.topic_id});
  REQUIRE(Wait<void>([&](auto done) {
    store->EndSubscription(subscription.id, SubscriptionState::kDenied, "", clock.Now(), done);
  }));
  CHECK(store->TopicsWithMessages().empty());
}

TEST_CASE_FIXTURE(StoreFixture, "those behind the log are paged by id") {
  std::vector<Subscription> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(Subscribe(kTopic, "https://peer.example/" + std::to_string(i), "s"));
  }
  const Subscription elsewhere = Subscribe("https://example.org/other", "https://peer.example/0");
  const auto topic = all[0].topic_id;
  CHECK(Ids(store->PageBehind(topic, 0, 10)).empty());

  const Message message = Publish(kTopic, "one");
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kDelivered, all[1], message, clock.Now())}));
  CHECK(Ids(store->PageBehind(topic, 0, 10)) ==
        std::vector<SubscriptionId>{all[0].id, all[2].id, all[3].id, all[4].id});
  CHECK(Ids(store->PageBehind(topic, all[2].id, 10)) ==
        std::vector<SubscriptionId>{all[3].id, all[4].id});
  CHECK(Ids(store->PageBehind(elsewhere.topic_id, 0, 10)).empty());

  const LaneRow row = store->PageBehind(topic, 0, 1).lanes.at(0);
  CHECK(row.callback == "https://peer.example/0");
  CHECK(row.origin == "https://peer.example:443");
  CHECK(row.secret == "s");
  CHECK(row.cursor == 0);
  CHECK(row.expires_at == *all[0].expires_at);
  CHECK(row.attempts == 0);
  CHECK_FALSE(row.retry_at.has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a page looks at so many however few are behind") {
  std::vector<Subscription> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(Subscribe(kTopic, "https://peer.example/" + std::to_string(i)));
  }
  const auto topic = all[0].topic_id;
  const Message message = Publish(kTopic, "one");
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kDelivered, all[0], message, clock.Now()),
                  Outcome(DeliveryOutcome::Kind::kRetry, all[1], message, clock.Now()),
                  Outcome(DeliveryOutcome::Kind::kDelivered, all[3], message, clock.Now())}));

  auto page = store->PageBehind(topic, 0, 2);
  CHECK(page.lanes.empty());
  CHECK(page.last == all[1].id);
  CHECK_FALSE(page.end);
  page = store->PageBehind(topic, page.last, 2);
  CHECK(Ids(page) == std::vector<SubscriptionId>{all[2].id});
  CHECK(page.last == all[3].id);
  CHECK_FALSE(page.end);
  page = store->PageBehind(topic, page.last, 2);
  CHECK(Ids(page) == std::vector<SubscriptionId>{all[4].id});
  CHECK(page.last == all[4].id);
  CHECK(page.end);
  page = store->PageBehind(topic, page.last, 2);
  CHECK(page.lanes.empty());
  CHECK(page.last == all[4].id);
  CHECK(page.end);
}

TEST_CASE_FIXTURE(StoreFixture, "a page can be that of one origin") {
  std::vector<Subscription> all;
  for (int i = 0; i < 6; ++i) {
    const std::string host = i % 2 == 0 ? "https://a.example/" : "http://b.example:8080/";
    all.push_back(Subscribe(kTopic, host + std::to_string(i)));
  }
  const auto topic = all[0].topic_id;
  const Message message = Publish(kTopic, "one");
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kDelivered, all[3], message, clock.Now())}));
  const std::string origin = "http://b.example:8080";
  auto page = store->PageBehind(topic, origin, 0, 2);
  CHECK(Ids(page) == std::vector<SubscriptionId>{all[1].id});
  CHECK(page.last == all[3].id);
  CHECK_FALSE(page.end);
  page = store->PageBehind(topic, origin, page.last, 2);
  CHECK(Ids(page) == std::vector<SubscriptionId>{all[5].id});
  CHECK(page.lanes[0].origin == origin);
  CHECK(page.end);
  CHECK(Ids(store->PageBehind(topic, "https://a.example:443", all[0].id, 9)) ==
        std::vector<SubscriptionId>{all[2].id, all[4].id});
  CHECK(store->PageBehind(topic, "https://c.example:443", 0, 9).end);
}

TEST_CASE_FIXTURE(StoreFixture, "only active subscriptions are behind") {
  const auto pending = Ask(Mode::kSubscribe, kTopic, "https://pending.example/");
  const Subscription ended = Subscribe(kTopic, "https://ended.example/");
  const Message message = Publish(kTopic, "one");
  REQUIRE(Wait<void>([&](auto done) {
    store->EndSubscription(ended.id, SubscriptionState::kDenied, "", clock.Now(), done);
  }));
  CHECK(Ids(store->PageBehind(message.topic_id, 0, 10)).empty());
  CHECK(store->FindSubscription(pending->subscription_id).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a delivery moves the cursor and clears what failed before") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  const Message message = Publish(kTopic, "one");
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kRetry, subscription, message, clock.Now())}));
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kDelivered, subscription, message, clock.Now())}));
  const auto after = store->FindSubscription(subscription.id);
  CHECK(after->cursor == message.id);
  CHECK(after->attempts == 0);
  CHECK_FALSE(after->first_attempt.has_value());
  CHECK_FALSE(after->retry_at.has_value());
  CHECK(Ids(store->PageBehind(message.topic_id, 0, 10)).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "a retry waits for its time (HUB-DIS-08)") {
  const Subscription a = Subscribe(kTopic, "https://a.example/");
  const Subscription b = Subscribe(kTopic, "https://b.example/");
  const Message message = Publish(kTopic, "one");
  const Time now = clock.Now();
  auto later = Outcome(DeliveryOutcome::Kind::kRetry, a, message, now);
  auto sooner = Outcome(DeliveryOutcome::Kind::kRetry, b, message, now);
  sooner.retry_at = now + seconds(10);
  REQUIRE(Record({later, sooner}));

  CHECK(Ids(store->PageBehind(message.topic_id, 0, 10)).empty());
  CHECK(store->CountAll().retrying == 2);
  CHECK(store->NextRetryDue(now) == now + seconds(10));
  CHECK(store->NextRetryDue(now + seconds(10)) == now + seconds(30));
  CHECK_FALSE(store->NextRetryDue(now + seconds(30)).has_value());
  CHECK(store->DueRetries(now + seconds(10) - Duration(1), {}, 10).empty());
  const auto due = store->DueRetries(now + seconds(30), {}, 10);
  REQUIRE(due.size() == 2);
  CHECK(due[0].topic == message.topic_id);
  CHECK(due[0].at == now + seconds(10));
  CHECK(due[0].lane.id == b.id);
  CHECK(due[1].lane.id == a.id);
  CHECK(due[1].lane.attempts == 4);
  CHECK(due[1].lane.first_attempt == now - seconds(9));
  CHECK(due[1].lane.retry_at == now + seconds(30));
}

TEST_CASE_FIXTURE(StoreFixture, "due retries are walked by time and then by id") {
  std::vector<Subscription> all;
  for (int i = 0; i < 4; ++i) {
    const std::string host = i % 2 == 0 ? "https://a.example/" : "https://b.example/";
    all.push_back(Subscribe(kTopic, host + std::to_string(i)));
  }
  const Message message = Publish(kTopic, "one");
  const Time now = clock.Now();
  std::vector<DeliveryOutcome> outcomes;
  for (const Subscription& subscription : all) {
    outcomes.push_back(Outcome(DeliveryOutcome::Kind::kRetry, subscription, message, now));
    outcomes.back().retry_at = now + seconds(5);
  }
  outcomes[2].retry_at = now + seconds(1);  // the others fall due at the same time
  REQUIRE(Record(outcomes));

  const auto walk = [&](auto next) {
    std::vector<SubscriptionId> ids;
    hub::RetryPlace place;
    for (;;) {
      const auto due = next(place);
      if (due.empty()) return ids;
      REQUIRE(due.size() == 1);
      place = {due[0].at, due[0].lane.id};
      ids.push_back(due[0].lane.id);
    }
  };
  const Time late = now + seconds(5);
  CHECK(walk([&](auto place) { return store->DueRetries(late, place, 1); }) ==
        std::vector<SubscriptionId>{all[2].id, all[0].id, all[1].id, all[3].id});
  const std::string origin = "https://a.example:443";
  CHECK(walk([&](auto place) { return store->DueRetries(late, origin, place, 1); }) ==
        std::vector<SubscriptionId>{all[2].id, all[0].id});
  CHECK(store->DueRetries(late - Duration(1), {}, 9).size() == 1);
  CHECK(store->DueRetries(late - Duration(1), "https://b.example:443", {}, 9).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "a message that is given up becomes a dead letter (HUB-DIS-09)") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  const Message first = Publish(kTopic, "one");
  const Message second = Publish(kTopic, "two");
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kRetry, subscription, first, clock.Now()),
                  Outcome(DeliveryOutcome::Kind::kGivenUp, subscription, first, clock.Now())}));
  const auto after = store->FindSubscription(subscription.id);
  CHECK(after->state == SubscriptionState::kActive);
  CHECK(after->cursor == first.id);
  CHECK(after->attempts == 0);
  CHECK_FALSE(after->retry_at.has_value());
  CHECK(Ids(store->PageBehind(second.topic_id, 0, 10)) ==
        std::vector<SubscriptionId>{subscription.id});

  const auto letters = store->List(hub::DeadLetterQuery{});
  REQUIRE(letters->size() == 1);
  const hub::DeadLetter& letter = letters->front();
  CHECK(letter.subscription_id == subscription.id);
  CHECK(letter.message_id == first.id);
  CHECK(letter.topic == kTopic);
  CHECK(letter.callback == "https://peer.example/");
  CHECK(letter.attempts == 4);
  CHECK(letter.reason == "answered 500");
  CHECK(letter.at == clock.Now());
}

TEST_CASE_FIXTURE(StoreFixture, "gone ends the subscription (HUB-DIS-06)") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  const Message message = Publish(kTopic, "one");
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kRetry, subscription, message, clock.Now()),
                  Outcome(DeliveryOutcome::Kind::kGone, subscription, message, clock.Now())}));
  const auto after = store->FindSubscription(subscription.id);
  CHECK(after->state == SubscriptionState::kGone);
  CHECK(after->ended_at == clock.Now());
  CHECK(after->cursor == 0);
  CHECK_FALSE(after->retry_at.has_value());
  CHECK_FALSE(store->NextRetryDue(Time::min()).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a stale outcome changes nothing") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  const Message first = Publish(kTopic, "one");
  const Message second = Publish(kTopic, "two");
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kDelivered, subscription, second, clock.Now())}));
  const auto unchanged = [&](const Subscription& expected) {
    for (const auto kind : {DeliveryOutcome::Kind::kDelivered, DeliveryOutcome::Kind::kRetry,
                            DeliveryOutcome::Kind::kGivenUp, DeliveryOutcome::Kind::kGone}) {
      for (const Message& message : {first, second}) {
        REQUIRE(Record({Outcome(kind, subscription, message, clock.Now())}));
        const auto after = store->FindSubscription(subscription.id);
        CHECK(after->state == expected.state);
        CHECK(after->cursor == expected.cursor);
        CHECK(after->attempts == expected.attempts);
        CHECK(after->ended_at == expected.ended_at);
        CHECK(after->retry_at == expected.retry_at);
      }
    }
    CHECK(store->CountAll().dead_letters == 0);
  };
  SUBCASE("the cursor is there already") {
    unchanged(*store->FindSubscription(subscription.id));
  }
  SUBCASE("the subscription has ended") {
    Publish(kTopic, "three");
    REQUIRE(Wait<void>([&](auto done) {
      store->EndSubscription(subscription.id, SubscriptionState::kExpired, "", clock.Now(), done);
    }));
    clock.Advance(seconds(1));
    unchanged(*store->FindSubscription(subscription.id));
  }
}

TEST_CASE_FIXTURE(StoreFixture,
                  "an outcome for an ended subscription with messages left is stale") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  const Message message = Publish(kTopic, "one");
  REQUIRE(Wait<void>([&](auto done) {
    store->EndSubscription(subscription.id, SubscriptionState::kExpired, "", clock.Now(), done);
  }));
  for (const auto kind : {DeliveryOutcome::Kind::kRetry, DeliveryOutcome::Kind::kGivenUp,
                          DeliveryOutcome::Kind::kGone}) {
    REQUIRE(Record({Outcome(kind, subscription, message, clock.Now())}));
  }
  const auto after = store->FindSubscription(subscription.id);
  CHECK(after->state == SubscriptionState::kExpired);
  CHECK(after->cursor == 0);
  CHECK_FALSE(after->retry_at.has_value());
  CHECK(store->CountAll().dead_letters == 0);
  CHECK_FALSE(store->NextRetryDue(Time::min()).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a delivery counts although its subscription has ended meanwhile") {
  const Subscription subscription = Subscribe(kTopic, "https://peer.example/");
  const Message message = Publish(kTopic, "one");
  REQUIRE(Wait<void>([&](auto done) {
    store->EndSubscription(subscription.id, SubscriptionState::kUnsubscribed, "", clock.Now(),
                           done);
  }));
  REQUIRE(Record({Outcome(DeliveryOutcome::Kind::kDelivered, subscription, message, clock.Now())}));
  const auto after = store->FindSubscription(subscription.id);
  CHECK(after->state == SubscriptionState::kUnsubscribed);
  CHECK(after->cursor == message.id);
  const auto progress = store->ProgressOf(subscription.topic_id, {message}).front();
  CHECK(progress.delivered == 1);
  CHECK(progress.pending == 0);
}

TEST_CASE_FIXTURE(StoreFixture, "an exchange is kept whole") {
  Exchange exchange;
  exchange.at = clock.Now();
  exchange.direction = Direction::kOut;
  exchange.kind = ExchangeKind::kVerify;
  exchange.subscription_id = 7;
  exchange.message_id = 8;
  exchange.topic = kTopic;
  exchange.callback = "https://peer.example/";
  exchange.url = "https://peer.example/?hub.mode=subscribe";
  exchange.peer = "127.0.0.1:53211";
  exchange.attempt = 3;
  exchange.request_head = "GET / HTTP/1.1\r\n\r\n";
  exchange.request_body = std::string("\x00\x01", 2);
  exchange.response_head = "HTTP/1.1 200 OK\r\n\r\n";
  exchange.response_body = "challenge";
  exchange.response_body_size = 12345;
  exchange.status = 200;
  exchange.fault = Fault::kResponseTimeout;
  exchange.outcome = "verified";
  exchange.timings.connect = Duration(5);
  exchange.timings.first_byte = Duration(0);
  exchange.timings.total = Duration(77);
  const auto ids = Record({}, {exchange, Exchange{}});
  REQUIRE(ids.has_value());
  REQUIRE(ids->size() == 2);
  CHECK((*ids)[1] > (*ids)[0]);

  const auto found = store->FindExchange((*ids)[0]);
  REQUIRE(found.has_value());
  CHECK(found->id == (*ids)[0]);
  CHECK(found->at == exchange.at);
  CHECK(found->direction == exchange.direction);
  CHECK(found->kind == exchange.kind);
  CHECK(found->subscription_id == exchange.subscription_id);
  CHECK(found->message_id == exchange.message_id);
  CHECK(found->topic == exchange.topic);
  CHECK(found->callback == exchange.callback);
  CHECK(found->url == exchange.url);
  CHECK(found->peer == exchange.peer);
  CHECK(found->attempt == exchange.attempt);
  CHECK(found->request_head == exchange.request_head);
  CHECK(found->request_body == exchange.request_body);
  CHECK(found->response_head == exchange.response_head);
  CHECK(found->response_body == exchange.response_body);
  CHECK(found->response_body_size == exchange.response_body_size);
  CHECK(found->status == exchange.status);
  CHECK(found->fault == exchange.fault);
  CHECK(found->outcome == exchange.outcome);
  CHECK(found->timings == exchange.timings);
  const auto plain = store->FindExchange((*ids)[1]);
  CHECK_FALSE(plain->subscription_id.has_value());
  CHECK_FALSE(plain->timings.connect.has_value());
  CHECK_FALSE(store->FindExchange(99).has_value());
}

}  // namespace websub::tests
