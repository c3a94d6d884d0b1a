// What a read of the store costs does not depend on how much the store holds. The engine counts the
// steps of its own machine: no clock is asked.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <map>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::Order;
using std::chrono::seconds;

namespace {

const std::string kTopic = "https://example.org/feed";

std::int64_t steps = 0;  // of the statements that ended since it was set; of this thread's reads
int sorts = 0;

int Count(unsigned, void*, void* statement, void*) {
  auto* ended = static_cast<sqlite3_stmt*>(statement);
  if (sqlite3_stmt_readonly(ended) == 0) return 0;  // the writer's
  steps += sqlite3_stmt_status(ended, SQLITE_STMTSTATUS_VM_STEP, 1);
  sorts += sqlite3_stmt_status(ended, SQLITE_STMTSTATUS_SORT, 1);
  return 0;
}

int Watch(sqlite3* database, const char**, const void*) {
  if (sqlite3_db_readonly(database, "main") == 1) {
    sqlite3_trace_v2(database, SQLITE_TRACE_PROFILE, Count, nullptr);
  }
  return SQLITE_OK;
}

// Every connection that is opened while this lives is watched.
struct Watching {
  Watching() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(Watch)); }
  ~Watching() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(Watch)); }
};

struct Measured : Watching, StoreFixture {
  explicit Measured(int size) {
    for (int i = 0; i < size; ++i) Fill(i);
    Measure();
  }

  void Fill(int i) {
    const std::string number = std::to_string(i);
    const auto subscription =
        Subscribe(kTopic, "https://peer" + std::to_string(i % 7) + ".example/" + number);
    const auto message = Publish(kTopic, number);
    hub::DeliveryOutcome outcome;
    outcome.kind = i % 3 == 0   ? hub::DeliveryOutcome::Kind::kRetry
                   : i % 3 == 1 ? hub::DeliveryOutcome::Kind::kGivenUp
                                : hub::DeliveryOutcome::Kind::kDelivered;
    outcome.subscription_id = subscription.id;
    outcome.message_id = message.id;
    outcome.retry_at = clock.Now() + seconds(5);
    Exchange delivery;
    delivery.subscription_id = subscription.id;
    delivery.message_id = message.id;
    delivery.topic = kTopic;
    delivery.callback = delivery.url = subscription.callback;
    delivery.status = i % 2 == 0 ? 204 : 500;
    Exchange verification = delivery;
    verification.kind = ExchangeKind::kVerify;
    verification.message_id.reset();
    REQUIRE(Record({outcome}, {delivery, verification}));
    if (i % 5 == 4) {
      REQUIRE(Wait<void>([&](auto done) {
        store->EndSubscription(subscription.id, hub::SubscriptionState::kGone, "", clock.Now(),
                               done);
      }));
    }
    newest = message;
  }

  template <typename Read>
  void Cost(const std::string& name, Read read) {
    steps = 0;
    sorts = 0;
    read();
    costs[name] = steps;
    CAPTURE(name);
    CHECK(steps > 0);
    CHECK(sorts == 0);
  }

  void Measure() {
    const hub::TopicId topic = newest.topic_id;
    Cost("topics", [&] { store->TopicsWithMessages(); });
    Cost("page", [&] { store->PageBehind(topic, 20, 10); });
    Cost("origin", [&] { store->PageBehind(topic, "https://peer1.example:443", 20, 5); });
    const Time late = clock.Now() + seconds(9);
    Cost("retries", [&] { store->DueRetries(late, {clock.Now() + seconds(5), 9}, 5); });
    Cost("retries of an origin",
         [&] { store->DueRetries(late, "https://peer0.example:443", {}, 3); });
    Cost("next retry", [&] { store->NextRetryDue(clock.Now()); });
    Cost("next lease", [&] { store->NextLeaseEnd(); });
    Cost("next message", [&] { store->NextMessage(topic, newest.id - 1); });
    Cost("counts", [&] { store->CountAll(); });
    Cost("active", [&] { store->CountActive({topic}); });
    for (const Order order : {Order::kOldestFirst, Order::kNewestFirst}) {
      const std::string suffix =
          order == Order::kOldestFirst ? " from the oldest" : " from the newest";
      List<hub::TopicQuery>("topics listed" + suffix, order, [](auto&) {});
      List<hub::SubscriptionQuery>("in force" + suffix, order, [](auto&) {});
      List<hub::SubscriptionQuery>("all states" + suffix, order,
                                   [](auto& query) { query.all_states = true; });
      List<hub::SubscriptionQuery>("of a topic" + suffix, order,
                                   [](auto& query) { query.topic = kTopic; });
      List<hub::MessageQuery>("messages" + suffix, order,
                              [](auto& query) { query.topic = kTopic; });
      List<hub::ExchangeQuery>("exchanges" + suffix, order, [](auto&) {});
      List<hub::ExchangeQuery>("failures" + suffix, order, [](auto& query) { query.status = 500; });
      List<hub::ExchangeQuery>("verifications" + suffix, order,
                               [](auto& query) { query.kind = ExchangeKind::kVerify; });
      List<hub::ExchangeQuery>("exchanges of a subscription" + suffix, order,
                               [](auto& query) { query.subscription = 9; });
      List<hub::ExchangeQuery>("exchanges of a callback" + suffix, order,
                               [](auto& query) { query.callback = "https://peer3.example/3"; });
      List<hub::ExchangeQuery>("exchanges of a message" + suffix, order,
                               [&](auto& query) { query.message = newest.id; });
      List<hub::DeadLetterQuery>("dead letters" + suffix, order, [](auto&) {});
    }
  }
  template <typename Query, typename Narrow>
  void List(const std::string& name, Order order, Narrow narrow) {
    Query query;
    query.order = order;
    query.limit = 3;
    narrow(query);
    Cost(name, [&] { CHECK_FALSE(store->List(query)->empty()); });
  }

  hub::Message newest;
  std::map<std::string, std::int64_t> costs;
};

}  // namespace

TEST_CASE("what a read costs does not depend on how much there is") {
  const Measured small(60);
  const Measured large(600);
  for (const auto& [name, cost] : small.costs) {
    CAPTURE(name);
    CHECK(large.costs.at(name) <= cost * 3 / 2);
  }
}

}  // namespace websub::tests
