#include <doctest/doctest.h>

#include <map>
#include <random>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::Order;
using hub::SubscriptionState;
using std::chrono::seconds;

namespace {

const std::string kA = "https://example.org/a";
const std::string kB = "https://example.org/b";

template <typename T>
std::vector<std::int64_t> Ids(const Result<std::vector<T>>& rows) {
  REQUIRE(rows.has_value());
  std::vector<std::int64_t> ids;
  for (const T& row : *rows) ids.push_back(row.id);
  return ids;
}

using List = std::vector<std::int64_t>;

// Pages through everything, two at a time.
template <typename Query>
List Walk(const hub::Store& store, Query query) {
  List all;
  query.limit = 2;
  for (;;) {
    const List page = Ids(store.List(query));
    all.insert(all.end(), page.begin(), page.end());
    if (page.size() < 2) return all;
    query.after = page.back();
  }
}

}  // namespace

TEST_CASE_FIXTURE(StoreFixture, "topics are listed by url and time in both orders") {
  const auto a = Publish(kA, "1");
  clock.Advance(seconds(1));
  const auto b = Publish(kB, "1");
  const auto c = Publish("https://example.org/c", "1");
  hub::TopicQuery query;
  CHECK(Walk(*store, query) == List{a.topic_id, b.topic_id, c.topic_id});
  query.order = Order::kNewestFirst;
  CHECK(Walk(*store, query) == List{c.topic_id, b.topic_id, a.topic_id});
  query.since = clock.Now();
  CHECK(Ids(store->List(query)) == List{c.topic_id, b.topic_id});
  query.topic = kB;
  CHECK(Ids(store->List(query)) == List{b.topic_id});
  query.topic = "https://example.org/none";
  CHECK(Ids(store->List(query)).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "subscriptions are listed by topic callback state and time") {
  const auto a1 = Subscribe(kA, "https://one/").id;
  const auto a2 = Subscribe(kA, "https://two/").id;
  clock.Advance(seconds(1));
  const auto b1 = Subscribe(kB, "https://one/").id;
  const auto pending = Ask(Mode::kSubscribe, kB, "https://two/")->subscription_id;
  REQUIRE(Wait<void>([&](auto done) {
    store->EndSubscription(a1, SubscriptionState::kGone, "", clock.Now(), done);
  }));

  hub::SubscriptionQuery query;
  CHECK(Walk(*store, query) == List{a2, b1, pending});
  query.order = Order::kNewestFirst;
  CHECK(Walk(*store, query) == List{pending, b1, a2});
  query.all_states = true;
  CHECK(Walk(*store, query) == List{pending, b1, a2, a1});
  query.order = Order::kOldestFirst;
  query.topic = kA;
  CHECK(Ids(store->List(query)) == List{a1, a2});
  query.all_states = false;
  CHECK(Ids(store->List(query)) == List{a2});
  query.topic.reset();
  query.callback = "https://one/";
  CHECK(Ids(store->List(query)) == List{b1});
  query.all_states = true;
  CHECK(Ids(store->List(query)) == List{a1, b1});
  query.callback.reset();
  query.state = SubscriptionState::kActive;
  CHECK(Ids(store->List(query)) == List{a2, b1});
  query.since = clock.Now();
  CHECK(Ids(store->List(query)) == List{b1});
  query.state = SubscriptionState::kGone;
  query.since.reset();
  CHECK(Ids(store->List(query)) == List{a1});
}

TEST_CASE_FIXTURE(StoreFixture, "messages are listed by topic and time and by who is behind") {
  const auto subscription = Subscribe(kA, "https://one/");
  const auto a1 = Publish(kA, "1").id;
  const auto b1 = Publish(kB, "1").id;
  clock.Advance(seconds(1));
  const auto a2 = Publish(kA, "22").id;
  const auto a3 = Publish(kA, "333").id;
  hub::MessageQuery query;
  CHECK(Walk(*store, query) == List{a1, b1, a2, a3});
  query.order = Order::kNewestFirst;
  CHECK(Walk(*store, query) == List{a3, a2, b1, a1});
  query.since = clock.Now();
  CHECK(Ids(store->List(query)) == List{a3, a2});
  query = {};
  query.topic = kA;
  CHECK(Walk(*store, query) == List{a1, a2, a3});
  const auto rows = store->List(query);
  CHECK(rows->at(2).body == nullptr);
  CHECK(rows->at(2).size == 3);

  query = {};
  query.behind = subscription.id;
  CHECK(Walk(*store, query) == List{a1, a2, a3});
  hub::DeliveryOutcome delivered;
  delivered.subscription_id = subscription.id;
  delivered.message_id = a1;
  REQUIRE(Record({delivered}));
  CHECK(Ids(store->List(query)) == List{a2, a3});
  REQUIRE(Wait<void>([&](auto done) {
    store->EndSubscription(subscription.id, SubscriptionState::kGone, "", clock.Now(), done);
  }));
  CHECK(Ids(store->List(query)).empty());
  query.behind = 99;
  CHECK(Ids(store->List(query)).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "exchanges are listed by every filter") {
  const auto subscription = Subscribe(kA, "https://one/");
  const auto other = Subscribe(kA, "https://two/");
  const auto make = [&](ExchangeKind kind, std::optional<std::int64_t> of,
                        const std::string& callback, int status) {
    Exchange exchange;
    exchange.kind = kind;
    exchange.at = clock.Now();
    exchange.subscription_id = of;
    exchange.topic = kA;
    exchange.callback = callback;
    exchange.status = status;
    exchange.request_head = "POST";
    return exchange;
  };
  Exchange asked = make(ExchangeKind::kSubscribe, std::nullopt, "https://one/", 202);
  Exchange refused = make(ExchangeKind::kSubscribe, std::nullopt, "https://three/", 403);
  refused.topic = kB;
  clock.Advance(seconds(1));
  Exchange verified = make(ExchangeKind::kVerify, subscription.id, "https://one/", 200);
  Exchange delivered = make(ExchangeKind::kDeliver, subscription.id, "https://one/", 204);
  delivered.message_id = 5;
  Exchange failed = make(ExchangeKind::kDeliver, other.id, "https://two/", 500);
  failed.message_id = 5;
  const auto ids = *Record({}, {asked, refused, verified, delivered, failed});
  REQUIRE(ids.size() == 5);

  hub::ExchangeQuery query;
  CHECK(Walk(*store, query) == ids);
  CHECK(store->List(query)->at(0).request_head.empty());
  query.order = Order::kNewestFirst;
  CHECK(Walk(*store, query) == List(ids.rbegin(), ids.rend()));
  query = {};
  query.topic = kB;
  CHECK(Walk(*store, query) == List{ids[1]});
  query = {};
  query.callback = "https://one/";
  CHECK(Walk(*store, query) == List{ids[0], ids[2], ids[3]});
  query.order = Order::kNewestFirst;
  CHECK(Walk(*store, query) == List{ids[3], ids[2], ids[0]});
  query = {};
  query.callback = "https://three/";
  CHECK(Walk(*store, query) == List{ids[1]});
  query = {};
  query.kind = ExchangeKind::kDeliver;
  CHECK(Walk(*store, query) == List{ids[3], ids[4]});
  query.status = 500;
  CHECK(Walk(*store, query) == List{ids[4]});
  query = {};
  query.subscription = subscription.id;
  CHECK(Walk(*store, query) == List{ids[2], ids[3]});
  query = {};
  query.message = 5;
  CHECK(Walk(*store, query) == List{ids[3], ids[4]});
  query.subscription = other.id;
  CHECK(Walk(*store, query) == List{ids[4]});
  query = {};
  query.since = clock.Now();
  CHECK(Walk(*store, query) == List{ids[2], ids[3], ids[4]});
}

TEST_CASE_FIXTURE(StoreFixture, "dead letters are listed by every filter") {
  const auto one = Subscribe(kA, "https://one/");
  const auto two = Subscribe(kB, "https://two/");
  const auto give_up = [&](const hub::Subscription& subscription, const hub::Message& message) {
    hub::DeliveryOutcome outcome;
    outcome.kind = hub::DeliveryOutcome::Kind::kGivenUp;
    outcome.subscription_id = subscription.id;
    outcome.message_id = message.id;
    outcome.now = clock.Now();
    REQUIRE(Record({outcome}));
  };
  give_up(one, Publish(kA, "1"));
  give_up(two, Publish(kB, "1"));
  clock.Advance(seconds(1));
  give_up(one, Publish(kA, "2"));
  hub::DeadLetterQuery query;
  CHECK(Walk(*store, query) == List{1, 2, 3});
  query.order = Order::kNewestFirst;
  CHECK(Walk(*store, query) == List{3, 2, 1});
  query.topic = kA;
  CHECK(Walk(*store, query) == List{3, 1});
  query.since = clock.Now();
  CHECK(Walk(*store, query) == List{3});
  query = {};
  query.callback = "https://two/";
  CHECK(Walk(*store, query) == List{2});
  query = {};
  query.subscription = one.id;
  CHECK(Walk(*store, query) == List{1, 3});
}

TEST_CASE_FIXTURE(StoreFixture, "a page has 1 to 1000 rows") {
  hub::TopicQuery query;
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1001}}) {
    query.limit = limit;
    const auto refused = store->List(query);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == ErrorCode::kInvalid);
  }
  for (const std::size_t limit : {std::size_t{1}, std::size_t{1000}}) {
    query.limit = limit;
    CHECK(store->List(query).has_value());
  }
}

TEST_CASE_FIXTURE(StoreFixture, "everything is counted") {
  const auto active = Subscribe(kA, "https://one/");
  REQUIRE(Ask(Mode::kSubscribe, kB, "https://two/"));
  const auto first = Publish(kA, "1");
  Publish(kA, "2");
  hub::DeliveryOutcome given_up;
  given_up.kind = hub::DeliveryOutcome::Kind::kGivenUp;
  given_up.subscription_id = active.id;
  given_up.message_id = first.id;
  REQUIRE(Record({given_up}, {Exchange{}, Exchange{}, Exchange{}}));
  REQUIRE(Wait<void>([&](auto done) { store->RequestFetches({kB}, clock.Now(), done); }));
  const hub::Counts counts = store->CountAll();
  CHECK(counts.topics == 2);
  CHECK(counts.pending == 1);
  CHECK(counts.active == 1);
  CHECK(counts.messages == 2);
  CHECK(counts.exchanges == 3);
  CHECK(counts.dead_letters == 1);
  CHECK(counts.waiting_fetches == 1);
  CHECK(counts.retrying == 0);
}

// Subscriptions come, take, fail, give up and go in any order; what is counted as it happens must
// be what counting every subscription gives.
TEST_CASE_FIXTURE(StoreFixture, "progress and counts agree with a look at every subscription") {
  std::mt19937 random(42);
  const auto below = [&](std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  };
  std::vector<hub::Message> messages;
  std::vector<hub::SubscriptionId> ids;
  std::map<hub::MessageId, std::int64_t> taken;
  std::map<hub::MessageId, std::int64_t> dead;
  for (int step = 0; step < 400; ++step) {
    const std::size_t what = below(10);
    if (what == 0) messages.push_back(Publish(kA, std::to_string(step)));
    if (what == 1) {
      ids.push_back(Subscribe(kA, "https://peer.example/" + std::to_string(step)).id);
      continue;
    }
    if (ids.empty()) continue;
    const auto subscription = *store->FindSubscription(ids[below(ids.size())]);
    if (what == 2 && subscription.state == SubscriptionState::kActive) {
      const auto ended = Wait<void>([&](auto done) {
        store->EndSubscription(subscription.id, SubscriptionState::kDenied, "", clock.Now(), done);
      });
      REQUIRE(ended.has_value());
      CHECK(store->FindSubscription(subscription.id)->secret.empty());
      continue;
    }
    const auto next = store->NextMessage(subscription.topic_id, subscription.cursor);
    if (!next) continue;
    hub::DeliveryOutcome outcome;
    outcome.subscription_id = subscription.id;
    outcome.message_id = next->id;
    outcome.now = clock.Now();
    outcome.attempts = subscription.attempts + 1;
    outcome.retry_at = clock.Now() + seconds(1);
    const bool active = subscription.state == SubscriptionState::kActive;
    using Kind = hub::DeliveryOutcome::Kind;
    outcome.kind = std::vector{Kind::kDelivered, Kind::kDelivered, Kind::kDelivered, Kind::kRetry,
                               Kind::kGivenUp}[below(5)];
    if (below(20) == 0) outcome.kind = Kind::kGone;
    if (outcome.kind == Kind::kDelivered) ++taken[next->id];
    if (outcome.kind == Kind::kGivenUp && active) ++dead[next->id];
    REQUIRE(Record({outcome, outcome}));  // the second changes nothing
  }
  std::int64_t active = 0;
  std::int64_t retrying = 0;
  std::map<hub::MessageId, std::int64_t> pending;
  for (const auto id : ids) {
    const auto subscription = *store->FindSubscription(id);
    if (subscription.state != SubscriptionState::kActive) continue;
    ++active;
    retrying += subscription.retry_at ? 1 : 0;
    for (const auto& message : messages) pending[message.id] += message.id > subscription.cursor;
  }
  REQUIRE(messages.size() > 10);
  const auto topic = messages[0].topic_id;
  const auto progress = store->ProgressOf(topic, messages);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CAPTURE(i);
    CHECK(progress[i].delivered == taken[messages[i].id]);
    CHECK(progress[i].dead == dead[messages[i].id]);
    CHECK(progress[i].pending == pending[messages[i].id]);
  }
  CHECK(store->CountActive({topic}) == std::vector<std::int64_t>{active});
  CHECK(store->CountAll().active == active);
  CHECK(store->CountAll().retrying == retrying);
}

}  // namespace websub::tests
