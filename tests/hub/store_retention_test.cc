#include <doctest/doctest.h>

#include "hub/retention.h"
#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::DeliveryOutcome;
using hub::PruneProgress;
using hub::RetentionPolicy;
using hub::SubscriptionState;
using std::chrono::seconds;
using IdKind = hub::Store::IdKind;

namespace {

const std::string kTopic = "https://example.org/feed";
constexpr Duration kLong = 365 * RetentionPolicy::kDay;
constexpr Duration kMoment{1};

class Pruning : public StoreFixture {
 public:
  Pruning() {
    policy.exchanges = policy.messages = policy.dead_letters = 1'000'000;
    policy.exchanges_for = policy.messages_for = policy.dead_letters_for = policy.ended_for = kLong;
  }

  PruneProgress Step(hub::MessageId looked_at = 0) {
    const auto progress =
        Wait<PruneProgress>([&](auto done) { store->Prune(policy, looked_at, clock.Now(), done); });
    REQUIRE(progress.has_value());
    CHECK(progress->removed <= 3000);
    return *progress;
  }
  // All that is due; how many rows went.
  std::size_t Prune() {
    std::size_t removed = 0;
    PruneProgress step;
    do {
      step = Step(step.looked_at);
      removed += step.removed;
    } while (step.more);
    return removed;
  }
  void Exchanges(std::size_t count) {
    Exchange exchange;
    exchange.at = clock.Now();
    REQUIRE(Record({}, std::vector<Exchange>(count, exchange)));
  }
  void Outcome(DeliveryOutcome::Kind kind, hub::SubscriptionId subscription,
               hub::MessageId message) {
    DeliveryOutcome outcome;
    outcome.kind = kind;
    outcome.subscription_id = subscription;
    outcome.message_id = message;
    outcome.retry_at = clock.Now() + seconds(5);
    outcome.now = clock.Now();
    REQUIRE(Record({outcome}));
  }
  void End(hub::SubscriptionId id) {
    REQUIRE(Wait<void>([&](auto done) {
      store->EndSubscription(id, SubscriptionState::kUnsubscribed, "", clock.Now(), done);
    }));
  }
  void Host(const std::string& body) {
    REQUIRE(Wait<hub::Message>(
        [&](auto done) { store->PutHosted("feed", Content(kTopic, body), done); }));
  }
  std::vector<hub::MessageId> Messages() {
    std::vector<hub::MessageId> ids;
    const auto rows = store->List(hub::MessageQuery{});
    for (const auto& message : *rows) ids.push_back(message.id);
    return ids;
  }

  RetentionPolicy policy;
};

using List = std::vector<hub::MessageId>;

}  // namespace

TEST_CASE_FIXTURE(Pruning, "the newest exchanges are kept up to the limit") {
  Exchanges(2500);
  policy.exchanges = 2500;
  CHECK(Prune() == 0);
  policy.exchanges = 700;
  CHECK(Prune() == 1800);
  CHECK(store->CountAll().exchanges == 700);
  const auto left = store->List(hub::ExchangeQuery{});
  CHECK(left->front().id == 1801);
  CHECK(store->FindExchange(2500).has_value());
  CHECK_FALSE(store->FindExchange(1800).has_value());
  CHECK(store->WasUsed(IdKind::kExchange, 1800));
  CHECK_FALSE(store->WasUsed(IdKind::kExchange, 2501));
  CHECK_FALSE(store->WasUsed(IdKind::kExchange, 0));
}

TEST_CASE_FIXTURE(Pruning, "exchanges of several segments are pruned and ids go on") {
  for (int i = 0; i < 4; ++i) Exchanges(10000);
  policy.exchanges = 5;
  CHECK(Prune() == 39995);
  policy.exchanges_for = seconds(1);
  clock.Advance(seconds(2));
  CHECK(Prune() == 5);
  CHECK(store->CountAll().exchanges == 0);
  Reopen();
  CHECK(*Record({}, {Exchange{}}) == std::vector<hub::ExchangeId>{40001});
}

TEST_CASE_FIXTURE(Pruning, "exchanges are kept for their time") {
  Exchanges(3);
  clock.Advance(seconds(1));
  Exchanges(2);
  policy.exchanges_for = seconds(10);
  clock.Advance(seconds(9));
  CHECK(Prune() == 0);
  clock.Advance(kMoment);
  CHECK(Prune() == 3);
  CHECK(store->CountAll().exchanges == 2);
}

TEST_CASE_FIXTURE(Pruning, "what the heads of deliveries share goes with the last of them") {
  const auto subscription = Subscribe(kTopic, "https://peer.example/");
  Exchange exchange;
  exchange.subscription_id = subscription.id;
  exchange.message_id = 1;
  exchange.at = clock.Now();
  exchange.topic = kTopic;
  exchange.callback = exchange.url = subscription.callback;
  exchange.request_head = "POST / HTTP/1.1\r\nLink: " + std::string(100, 'x') + "\r\n\r\n";
  REQUIRE(Record({}, {exchange, exchange, exchange}));
  policy.exchanges = 1;
  CHECK(Prune() == 2);
  CHECK(store->FindExchange(3)->request_head == exchange.request_head);
  policy.exchanges_for = seconds(0);
  clock.Advance(seconds(1));
  CHECK(Prune() == 1);
}

TEST_CASE_FIXTURE(Pruning, "a message is kept for its time and until everybody has passed it") {
  const auto quick = Subscribe(kTopic, "https://quick.example/");
  const auto slow = Subscribe(kTopic, "https://slow.example/");
  const auto one = Publish(kTopic, "one");
  const auto two = Publish(kTopic, "two");
  for (const auto& message : {one, two}) {
    Outcome(DeliveryOutcome::Kind::kDelivered, quick.id, message.id);
  }
  policy.messages_for = seconds(10);
  clock.Advance(seconds(1000));
  SUBCASE("one is behind") {
    CHECK(Prune() == 0);
    CHECK(store->NextMessage(slow.topic_id, 0)->id == one.id);
  }
  SUBCASE("one waits for its retry") {
    Outcome(DeliveryOutcome::Kind::kDelivered, slow.id, one.id);
    Outcome(DeliveryOutcome::Kind::kRetry, slow.id, two.id);
    CHECK(Prune() == 1);
    CHECK(Messages() == List{two.id});
  }
  SUBCASE("the one that is behind ends") {
    End(slow.id);
    CHECK(Prune() == 2);
    CHECK(store->WasUsed(IdKind::kMessage, two.id));
    CHECK_FALSE(store->WasUsed(IdKind::kMessage, two.id + 1));
  }
  SUBCASE("all have passed") {
    Outcome(DeliveryOutcome::Kind::kDelivered, slow.id, one.id);
    Outcome(DeliveryOutcome::Kind::kGivenUp, slow.id, two.id);
    const auto three = Publish(kTopic, "three");
    CHECK(Prune() == 2);
    CHECK(Messages() == List{three.id});
    CHECK(store->ProgressOf(three.topic_id, {three}).front().pending == 2);
    CHECK(store->CountAll().messages == 1);
    // Both go on from where they are.
    CHECK(store->PageBehind(three.topic_id, 0, 10).lanes.size() == 2);
    CHECK(store->NextMessage(three.topic_id, two.id)->id == three.id);
  }
}

TEST_CASE_FIXTURE(Pruning, "messages are kept to the moment") {
  const auto message = Publish(kTopic, "one");
  policy.messages_for = seconds(10);
  clock.Advance(seconds(10));
  CHECK(Prune() == 0);
  clock.Advance(kMoment);
  CHECK(Prune() == 1);
  CHECK_FALSE(store->FindMessage(message.id).has_value());
}

TEST_CASE_FIXTURE(Pruning, "messages that all have passed are kept up to the limit") {
  for (int i = 0; i < 10; ++i) Publish(kTopic, "early");
  policy.messages = 3;
  CHECK(Prune() == 7);
  CHECK(Messages() == List{8, 9, 10});
  Subscribe(kTopic, "https://slow.example/");
  for (int i = 0; i < 5; ++i) Publish(kTopic, "late");
  CHECK(Prune() == 3);
  CHECK(Messages() == List{11, 12, 13, 14, 15});
}

TEST_CASE_FIXTURE(Pruning, "what the hub hosts stays until it hosts something else") {
  Host("one");
  policy.messages_for = seconds(10);
  clock.Advance(seconds(1000));
  CHECK(Prune() == 0);
  CHECK(*store->FindHosted("feed")->body == "one");
  Host("two");
  CHECK(Prune() == 1);
  CHECK(*store->FindHosted("feed")->body == "two");
}

TEST_CASE_FIXTURE(Pruning, "a step looks at a bounded number of messages that cannot go") {
  Subscribe(kTopic, "https://slow.example/");
  for (int i = 0; i < 450; ++i) Publish(kTopic, "x");
  Publish("https://example.org/other", "passed");
  policy.messages_for = seconds(1);
  clock.Advance(seconds(2));
  PruneProgress step = Step();
  CHECK(step.more);
  CHECK(step.looked_at == 200);
  step = Step(step.looked_at);
  CHECK(step.more);
  CHECK(step.looked_at == 400);
  step = Step(step.looked_at);
  CHECK_FALSE(step.more);
  CHECK(step.looked_at == 0);
  CHECK(step.removed == 1);
}

TEST_CASE_FIXTURE(Pruning, "dead letters are kept up to the limit and for their time") {
  const auto subscription = Subscribe(kTopic, "https://peer.example/");
  for (int i = 0; i < 5; ++i) {
    const auto message = Publish(kTopic, "x");
    Outcome(DeliveryOutcome::Kind::kGivenUp, subscription.id, message.id);
  }
  policy.dead_letters = 3;
  CHECK(Prune() == 2);
  CHECK(store->CountAll().dead_letters == 3);
  CHECK(store->List(hub::DeadLetterQuery{})->front().id == 3);
  CHECK(store->WasUsed(IdKind::kDeadLetter, 1));
  policy.dead_letters_for = seconds(10);
  clock.Advance(seconds(10));
  CHECK(Prune() == 0);
  clock.Advance(kMoment);
  CHECK(Prune() == 3);
}

TEST_CASE_FIXTURE(Pruning, "an ended subscription goes after what may tell of it") {
  const auto active = Subscribe(kTopic, "https://active.example/", "secret");
  const auto ended = Subscribe(kTopic, "https://ended.example/", "secret");
  const auto message = Publish(kTopic, "x");
  Outcome(DeliveryOutcome::Kind::kGivenUp, ended.id, message.id);
  End(ended.id);
  CHECK(store->FindSubscription(ended.id)->secret.empty());
  CHECK(store->FindSubscription(active.id)->secret == "secret");
  policy.ended_for = policy.exchanges_for = policy.dead_letters_for = seconds(10);
  clock.Advance(seconds(10));
  CHECK(Prune() == 0);
  SUBCASE("letters are kept for longer") {
    policy.dead_letters_for = seconds(20);
    clock.Advance(seconds(5));
    CHECK(Prune() == 0);
  }
  SUBCASE("the letter goes first") {
    clock.Advance(kMoment);
    CHECK(Prune() == 2);
    CHECK_FALSE(store->FindSubscription(ended.id).has_value());
    CHECK(store->WasUsed(IdKind::kSubscription, ended.id));
    CHECK(store->FindSubscription(active.id)->cursor == 0);
    CHECK(store->CountAll().active == 1);
  }
}

TEST_CASE_FIXTURE(Pruning, "the hub prunes step by step with pauses between") {
  Exchanges(3500);
  policy.exchanges = 100;
  int wakes = 0;
  hub::Retention retention(*store, clock, policy, [&] { ++wakes; });
  int steps = 0;
  Time due = clock.Now();
  while (store->CountAll().exchanges > 100) {
    REQUIRE(++steps < 10);
    CHECK(retention.Run(clock.Now()) == Time::max());
    CHECK(retention.Run(clock.Now()) == Time::max());  // one step at a time
    REQUIRE(queue.RunUntil([&] { return wakes == steps; }));
    due = retention.Run(clock.Now());
    CHECK(due > clock.Now());
    clock.Advance(due - clock.Now());
  }
  CHECK(steps == 4);
}

}  // namespace websub::tests
