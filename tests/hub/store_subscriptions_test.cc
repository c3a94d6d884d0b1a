#include <doctest/doctest.h>

#include <set>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::Intent;
using hub::Subscription;
using hub::SubscriptionId;
using hub::SubscriptionState;
using std::chrono::seconds;

namespace {

const std::string kTopic = "https://example.org/feed?a=b&c=%20d";
const std::string kCallback = "https://peer.example/cb?q=%22x%22";

}  // namespace

TEST_CASE_FIXTURE(StoreFixture, "a request is pending until it is confirmed") {
  const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback, "s3cret", seconds(600));
  REQUIRE(intent.has_value());
  CHECK(intent->mode == Mode::kSubscribe);
  CHECK(intent->topic == kTopic);
  CHECK(intent->callback == kCallback);
  CHECK(intent->secret == "s3cret");
  CHECK(intent->lease == seconds(600));
  CHECK(intent->created_at == clock.Now());
  CHECK(intent->due_at == clock.Now());
  CHECK(intent->attempts == 0);

  const auto pending = store->FindSubscription(kTopic, kCallback);
  REQUIRE(pending.has_value());
  CHECK(pending->id == intent->subscription_id);
  CHECK(pending->state == SubscriptionState::kPending);
  CHECK_FALSE(pending->expires_at.has_value());

  clock.Advance(seconds(5));
  const auto active = Confirm(intent->id);
  REQUIRE(active.has_value());
  CHECK(active->id == pending->id);
  CHECK(active->state == SubscriptionState::kActive);
  CHECK(active->secret == "s3cret");
  CHECK(active->lease == seconds(600));
  CHECK(active->verified_at == clock.Now());
  CHECK(active->expires_at == clock.Now() + seconds(600));
  CHECK(store->IntentsOf(active->id).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "who asked and what was wished is kept with the subscription") {
  hub::NewIntent wanted{Mode::kSubscribe, kTopic, kCallback, "s", seconds(600), clock.Now()};
  wanted.identity = "alice";
  wanted.algorithm = SignatureAlgorithm::kSha1;
  wanted.verify_token = "token";
  const auto intent = Wait<Intent>([&](auto done) { store->AddIntent(wanted, done); });
  REQUIRE(intent.has_value());
  CHECK(intent->identity == "alice");
  CHECK(intent->algorithm == SignatureAlgorithm::kSha1);
  CHECK(intent->verify_token == "token");
  CHECK(Confirm(intent->id)->identity == "alice");

  // A renewal says it anew, once it is confirmed.
  wanted.identity = "bob";
  wanted.algorithm.reset();
  const auto renewal = Wait<Intent>([&](auto done) { store->AddIntent(wanted, done); });
  REQUIRE(renewal.has_value());
  CHECK(store->FindSubscription(kTopic, kCallback)->identity == "alice");
  REQUIRE(Confirm(renewal->id).has_value());
  Reopen();
  const auto found = store->FindSubscription(kTopic, kCallback);
  REQUIRE(found.has_value());
  CHECK(found->identity == "bob");
  CHECK_FALSE(found->algorithm.has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "bytes of topic and callback survive as they are (HUB-REQ-10)") {
  const std::string topic("https://t/\xff\x00 '\"$(),+%", 22);
  const std::string callback("https://c/\xc3\x28;--\x00", 16);
  const Subscription made = Subscribe(topic, callback, std::string("\x00\xfe", 2));
  Reopen();
  const auto found = store->FindSubscription(topic, callback);
  REQUIRE(found.has_value());
  CHECK(found->id == made.id);
  CHECK(found->topic == topic);
  CHECK(found->callback == callback);
  CHECK(found->secret == std::string("\x00\xfe", 2));
}

TEST_CASE_FIXTURE(StoreFixture,
                  "parallel requests make one subscription for a topic and callback (HUB-REQ-05)") {
  constexpr int kRequests = 50;
  std::vector<Intent> intents;
  for (int i = 0; i < kRequests; ++i) {
    store->AddIntent({Mode::kSubscribe, kTopic, kCallback, "secret" + std::to_string(i),
                      seconds(100 + i), clock.Now()},
                     [&](Result<Intent> intent) {
                       REQUIRE(intent.has_value());
                       intents.push_back(*intent);
                     });
  }
  REQUIRE(queue.RunUntil([&] { return intents.size() == kRequests; }));
  std::set<SubscriptionId> ids;
  for (const Intent& intent : intents) ids.insert(intent.subscription_id);
  CHECK(ids.size() == 1);

  int confirmed = 0;
  for (const Intent& intent : intents) {
    store->ConfirmIntent(intent.id, std::nullopt, clock.Now(),
                         [&](Result<Subscription> subscription) {
                           REQUIRE(subscription.has_value());
                           CHECK(subscription->id == *ids.begin());
                           ++confirmed;
                         });
  }
  REQUIRE(queue.RunUntil([&] { return confirmed == kRequests; }));
  hub::SubscriptionQuery query;
  query.all_states = true;
  const auto all = store->List(query);
  REQUIRE(all->size() == 1);
  CHECK(all->front().secret == "secret49");
  CHECK(all->front().lease == seconds(149));
}

TEST_CASE_FIXTURE(StoreFixture,
                  "a subscription starts after a message that is known and else at the end") {
  const auto first = Publish(kTopic, "one").id;
  const auto last = Publish(kTopic, "two").id;
  const std::vector<std::pair<std::optional<hub::MessageId>, hub::MessageId>> cases = {
      {std::nullopt, last}, {0, 0}, {first, first}, {last, last}, {last + 1, last}};
  for (const auto& [since, cursor] : cases) {
    const auto intent =
        Ask(Mode::kSubscribe, kTopic,
            kCallback + std::to_string(cases.size()) + std::to_string(since.value_or(-1)));
    REQUIRE(intent.has_value());
    const auto made = Wait<Subscription>([&, from = since](auto done) {
      store->ConfirmIntent(intent->id, from, clock.Now(), done);
    });
    REQUIRE(made.has_value());
    CHECK(made->cursor == cursor);
  }
}

TEST_CASE_FIXTURE(StoreFixture, "hundreds of parallel subscribers are all kept") {
  constexpr int kSubscribers = 300;
  int confirmed = 0;
  for (int i = 0; i < kSubscribers; ++i) {
    store->AddIntent(
        {Mode::kSubscribe, kTopic, kCallback + std::to_string(i), "", seconds(100), clock.Now()},
        [&](Result<Intent> intent) {
          REQUIRE(intent.has_value());
          store->ConfirmIntent(intent->id, std::nullopt, clock.Now(),
                               [&](Result<Subscription> subscription) {
                                 REQUIRE(subscription.has_value());
                                 ++confirmed;
                               });
        });
  }
  REQUIRE(queue.RunUntil([&] { return confirmed == kSubscribers; }));
  CHECK(store->CountAll().active == kSubscribers);
  CHECK(store->CountAll().pending == 0);
}

TEST_CASE_FIXTURE(
    StoreFixture,
    "a renewal replaces secret and lease only when confirmed (HUB-REQ-05 HUB-REQ-07)") {
  const Subscription before = Subscribe(kTopic, kCallback, "old", seconds(100));
  const auto first = Publish(kTopic, "one");
  hub::DeliveryOutcome delivered;
  delivered.subscription_id = before.id;
  delivered.message_id = first.id;
  REQUIRE(Record({delivered}).has_value());
  Publish(kTopic, "two");

  clock.Advance(seconds(10));
  const auto renewal = Ask(Mode::kSubscribe, kTopic, kCallback, "new", seconds(900));
  REQUIRE(renewal.has_value());
  CHECK(renewal->subscription_id == before.id);
  const auto meanwhile = store->FindSubscription(before.id);
  CHECK(meanwhile->secret == "old");
  CHECK(meanwhile->lease == seconds(100));
  CHECK(meanwhile->expires_at == before.expires_at);
  CHECK(meanwhile->state == SubscriptionState::kActive);

  clock.Advance(seconds(10));
  const auto renewed = Confirm(renewal->id);
  REQUIRE(renewed.has_value());
  CHECK(renewed->id == before.id);
  CHECK(renewed->secret == "new");
  CHECK(renewed->lease == seconds(900));
  CHECK(renewed->expires_at == clock.Now() + seconds(900));
  CHECK(renewed->cursor == first.id);
}

TEST_CASE_FIXTURE(StoreFixture, "a renewal may take the secret away (HUB-REQ-07)") {
  const Subscription before = Subscribe(kTopic, kCallback, "old");
  CHECK(Subscribe(kTopic, kCallback, "").secret.empty());
  CHECK(store->FindSubscription(before.id)->secret.empty());
}

TEST_CASE_FIXTURE(StoreFixture, "a renewal keeps a waiting retry") {
  const Subscription before = Subscribe(kTopic, kCallback);
  const auto message = Publish(kTopic, "one");
  hub::DeliveryOutcome retry;
  retry.kind = hub::DeliveryOutcome::Kind::kRetry;
  retry.subscription_id = before.id;
  retry.message_id = message.id;
  retry.attempts = 3;
  retry.first_attempt = clock.Now();
  retry.retry_at = clock.Now() + seconds(60);
  REQUIRE(Record({retry}).has_value());
  const Subscription renewed = Subscribe(kTopic, kCallback, "new");
  CHECK(renewed.attempts == 3);
  CHECK(renewed.first_attempt == retry.first_attempt);
  CHECK(renewed.retry_at == retry.retry_at);
}

TEST_CASE_FIXTURE(StoreFixture, "a rejected renewal leaves everything as it was (HUB-REQ-06)") {
  const Subscription before = Subscribe(kTopic, kCallback, "old", seconds(100));
  clock.Advance(seconds(10));
  const auto renewal = Ask(Mode::kSubscribe, kTopic, kCallback, "new", seconds(900));
  REQUIRE(Reject(renewal->id, SubscriptionState::kUnverified).has_value());
  const auto after = store->FindSubscription(before.id);
  REQUIRE(after.has_value());
  CHECK(after->state == SubscriptionState::kActive);
  CHECK(after->secret == "old");
  CHECK(after->lease == seconds(100));
  CHECK(after->verified_at == before.verified_at);
  CHECK(after->expires_at == before.expires_at);
  CHECK(after->cursor == before.cursor);
  CHECK(store->IntentsOf(before.id).empty());
  CHECK(Reject(renewal->id, SubscriptionState::kUnverified).error().code == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(StoreFixture, "a rejected first request ends the pending subscription") {
  const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback);
  REQUIRE(Reject(intent->id, SubscriptionState::kDenied).has_value());
  CHECK_FALSE(store->FindSubscription(kTopic, kCallback).has_value());
  const auto ended = store->FindSubscription(intent->subscription_id);
  CHECK(ended->state == SubscriptionState::kDenied);
  CHECK(ended->ended_at == clock.Now());
}

TEST_CASE_FIXTURE(StoreFixture, "while another request waits the first rejection does not decide") {
  const auto first = Ask(Mode::kSubscribe, kTopic, kCallback, "a");
  const auto second = Ask(Mode::kSubscribe, kTopic, kCallback, "b");
  REQUIRE(Reject(first->id, SubscriptionState::kUnverified).has_value());
  CHECK(store->FindSubscription(first->subscription_id)->state == SubscriptionState::kPending);
  const auto active = Confirm(second->id);
  CHECK(active->id == first->subscription_id);
  CHECK(active->secret == "b");
}

TEST_CASE_FIXTURE(StoreFixture, "a refused unsubscribe changes nothing") {
  const auto pending = Ask(Mode::kSubscribe, kTopic, kCallback);
  const auto leave = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  REQUIRE(Reject(leave->id, SubscriptionState::kUnverified).has_value());
  CHECK(store->FindSubscription(pending->subscription_id)->state == SubscriptionState::kPending);
  REQUIRE(Confirm(pending->id).has_value());
  const auto again = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  REQUIRE(Reject(again->id, SubscriptionState::kUnverified).has_value());
  CHECK(store->FindSubscription(pending->subscription_id)->state == SubscriptionState::kActive);
}

TEST_CASE_FIXTURE(StoreFixture, "a renewal of a subscription that ended meanwhile starts anew") {
  const Subscription before = Subscribe(kTopic, kCallback, "old", seconds(10));
  const auto renewal = Ask(Mode::kSubscribe, kTopic, kCallback, "new", seconds(100));
  const auto missed = Publish(kTopic, "one");
  clock.Advance(seconds(10));
  const auto expired =
      Wait<std::vector<SubscriptionId>>([&](auto done) { store->ExpireLeases(clock.Now(), done); });
  CHECK(*expired == std::vector<SubscriptionId>{before.id});
  const auto renewed = Confirm(renewal->id);
  REQUIRE(renewed.has_value());
  CHECK(renewed->id != before.id);
  CHECK(renewed->state == SubscriptionState::kActive);
  CHECK(renewed->secret == "new");
  CHECK(renewed->cursor == missed.id);
  CHECK(store->FindSubscription(before.id)->state == SubscriptionState::kExpired);
}

TEST_CASE_FIXTURE(StoreFixture, "a late renewal joins the subscription that is in force by then") {
  Subscribe(kTopic, kCallback);
  const auto leave = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  const auto renewal = Ask(Mode::kSubscribe, kTopic, kCallback, "renewed");
  REQUIRE(Confirm(leave->id).has_value());
  const auto second = Ask(Mode::kSubscribe, kTopic, kCallback, "second");
  CHECK(second->subscription_id != renewal->subscription_id);
  const auto late = Confirm(renewal->id);
  REQUIRE(late.has_value());
  CHECK(late->id == second->subscription_id);
  CHECK(late->secret == "renewed");
  CHECK(late->state == SubscriptionState::kActive);
  CHECK(Confirm(second->id)->secret == "second");
  CHECK(store->CountAll().active == 1);
}

TEST_CASE_FIXTURE(StoreFixture, "the latest confirmed request holds and earlier ones are dropped") {
  const Subscription before = Subscribe(kTopic, kCallback);
  const auto other = Ask(Mode::kSubscribe, kTopic, "https://other.example/");
  const auto renewal = Ask(Mode::kSubscribe, kTopic, kCallback, "earlier");
  const auto leave = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  const auto later = Ask(Mode::kSubscribe, kTopic, kCallback, "later");
  REQUIRE(Confirm(leave->id).has_value());
  CHECK(Confirm(renewal->id).error().code == ErrorCode::kNotFound);
  CHECK(store->FindSubscription(before.id)->state == SubscriptionState::kUnsubscribed);
  const Subscription second = Subscribe(kTopic, kCallback, "latest");
  CHECK(Confirm(later->id).error().code == ErrorCode::kNotFound);
  CHECK(store->FindSubscription(second.id)->secret == "latest");
  CHECK(Confirm(other->id).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "a new subscription starts at the end of the log") {
  Publish(kTopic, "one");
  const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback);
  const auto last = Publish(kTopic, "two");
  const auto subscription = Confirm(intent->id);
  CHECK(subscription->cursor == last.id);
  CHECK(store->PageBehind(subscription->topic_id, 0, 10).lanes.empty());
}

TEST_CASE_FIXTURE(StoreFixture, "unsubscribe then subscribe makes a new id (HUB-REQ-08)") {
  const Subscription before = Subscribe(kTopic, kCallback);
  const auto leave = Ask(Mode::kUnsubscribe, kTopic, kCallback, "ignored", seconds(5));
  REQUIRE(leave.has_value());
  CHECK(leave->lease == seconds(0));
  CHECK(leave->secret.empty());
  CHECK(store->FindSubscription(before.id)->state == SubscriptionState::kActive);
  const auto left = Confirm(leave->id);
  CHECK(left->id == before.id);
  CHECK(left->state == SubscriptionState::kUnsubscribed);
  CHECK(left->ended_at == clock.Now());
  CHECK_FALSE(store->FindSubscription(kTopic, kCallback).has_value());
  CHECK(Subscribe(kTopic, kCallback).id > before.id);
}

TEST_CASE_FIXTURE(StoreFixture, "unsubscribing what does not exist is told") {
  const auto none = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().code == ErrorCode::kNotFound);
  CHECK(Confirm(99).error().code == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(StoreFixture, "a second confirmed unsubscribe finds it ended") {
  const Subscription before = Subscribe(kTopic, kCallback);
  const auto first = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  const auto second = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  REQUIRE(Confirm(first->id).has_value());
  clock.Advance(seconds(5));
  const auto left = Confirm(second->id);
  REQUIRE(left.has_value());
  CHECK(left->id == before.id);
  CHECK(left->ended_at == clock.Now() - seconds(5));
}

TEST_CASE_FIXTURE(StoreFixture, "a lease ends exactly at its end (HUB-VER-04)") {
  const Subscription subscription = Subscribe(kTopic, kCallback, "", seconds(100));
  const Time end = *subscription.expires_at;
  CHECK(store->NextLeaseEnd() == end);
  const auto expire = [&](Time now) {
    return *Wait<std::vector<SubscriptionId>>([&](auto done) { store->ExpireLeases(now, done); });
  };
  CHECK(expire(end - Duration(1)).empty());
  CHECK(store->FindSubscription(subscription.id)->state == SubscriptionState::kActive);
  CHECK(expire(end) == std::vector<SubscriptionId>{subscription.id});
  CHECK(store->FindSubscription(subscription.id)->state == SubscriptionState::kExpired);
  CHECK(expire(end).empty());
  CHECK_FALSE(store->NextLeaseEnd().has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "ending a subscription drops its requests") {
  const Subscription subscription = Subscribe(kTopic, kCallback);
  const auto renewal = Ask(Mode::kSubscribe, kTopic, kCallback);
  const auto end = [&] {
    return Wait<void>([&](auto done) {
      store->EndSubscription(subscription.id, SubscriptionState::kDenied, "", clock.Now(), done);
    });
  };
  REQUIRE(end().has_value());
  CHECK(store->FindSubscription(subscription.id)->state == SubscriptionState::kDenied);
  CHECK(Confirm(renewal->id).error().code == ErrorCode::kNotFound);
  CHECK(end().error().code == ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(StoreFixture, "due requests come earliest first") {
  const auto a = Ask(Mode::kSubscribe, kTopic, "https://a/");
  const auto b = Ask(Mode::kSubscribe, kTopic, "https://b/");
  const auto c = Ask(Mode::kSubscribe, kTopic, "https://c/");
  const Time later = clock.Now() + seconds(30);
  REQUIRE(Wait<void>([&](auto done) { store->RetryIntent(a->id, 2, later, done); }).has_value());
  CHECK(store->NextIntentDue(Time::min()) == clock.Now());
  const auto ids = [&](Time now, hub::DuePlace after, std::size_t limit) {
    std::vector<hub::IntentId> found;
    for (const auto& due : store->DueIntents(now, after, limit)) found.push_back(due.place.id);
    return found;
  };
  using Ids = std::vector<hub::IntentId>;
  CHECK(ids(clock.Now(), {}, 10) == Ids{b->id, c->id});
  CHECK(ids(clock.Now(), {}, 1) == Ids{b->id});
  CHECK(ids(later - Duration(1), {}, 10) == Ids{b->id, c->id});
  CHECK(ids(later, {}, 10) == Ids{b->id, c->id, a->id});
  // Later pages: after one of the same time, after the last, and where the clock was set back.
  CHECK(ids(later, {clock.Now(), b->id}, 10) == Ids{c->id, a->id});
  CHECK(ids(later, {clock.Now(), b->id}, 1) == Ids{c->id});
  CHECK(ids(later, {later, a->id - 1}, 10) == Ids{a->id});
  CHECK(ids(later, {later, a->id}, 10).empty());
  CHECK(ids(clock.Now(), {later, 0}, 10).empty());
  const auto retry = store->DueIntents(later, {clock.Now(), c->id}, 10).at(0);
  CHECK(retry.subscription_id == a->subscription_id);
  CHECK(retry.origin == "https://a:443");
  CHECK(retry.attempts == 2);
  CHECK(retry.place.at == later);
  CHECK(Wait<void>([&](auto done) { store->RetryIntent(99, 1, later, done); }).error().code ==
        ErrorCode::kNotFound);
}

TEST_CASE_FIXTURE(StoreFixture,
                  "of the due requests about a subscription the first accepted comes first") {
  const auto a = Ask(Mode::kSubscribe, kTopic, kCallback);
  const auto b = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  const auto first = [&](Time now) {
    const auto due = store->FirstDueIntent(a->subscription_id, now);
    return due ? due->id : 0;
  };
  CHECK(first(clock.Now()) == a->id);
  CHECK(first(clock.Now() - Duration(1)) == 0);
  const Time later = clock.Now() + seconds(30);
  REQUIRE(Wait<void>([&](auto done) { store->RetryIntent(a->id, 1, later, done); }).has_value());
  CHECK(first(later - Duration(1)) == b->id);
  CHECK(first(later) == a->id);
  CHECK_FALSE(store->FirstDueIntent(99, later).has_value());
}

TEST_CASE_FIXTURE(StoreFixture, "requests of a subscription are listed in order") {
  const Subscription subscription = Subscribe(kTopic, kCallback);
  const auto renewal = Ask(Mode::kSubscribe, kTopic, kCallback, "new");
  const auto leave = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  const auto intents = store->IntentsOf(subscription.id);
  REQUIRE(intents.size() == 2);
  CHECK(intents[0].id == renewal->id);
  CHECK(intents[1].id == leave->id);
  CHECK(intents[1].mode == Mode::kUnsubscribe);
}

}  // namespace websub::tests
