#include "hub/store/exchanges.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "tests/support/store_fixture.h"

namespace websub::tests {

using hub::ExchangeQuery;
using hub::Order;
using std::chrono::seconds;

namespace {

std::string Head(const std::string& path, const std::string& message, const std::string& digest) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: peer.example\r\nContent-Type: application/atom+xml\r\n" +
         "Link: <https://hub.example/>; rel=\"hub\", <https://example.org/>; rel=\"self\"\r\n" +
         "Websub-Message-Id: " + message + "\r\nX-Hub-Signature: sha256=" + digest + "\r\n\r\n";
}

Exchange Delivery(const hub::Subscription& subscription, hub::MessageId message,
                  const std::string& head) {
  Exchange exchange;
  exchange.kind = ExchangeKind::kDeliver;
  exchange.subscription_id = subscription.id;
  exchange.message_id = message;
  exchange.topic = subscription.topic;
  exchange.callback = exchange.url = subscription.callback;
  exchange.request_head = head;
  return exchange;
}

bool Meets(const Exchange& exchange, const ExchangeQuery& query) {
  return (!query.topic || exchange.topic == *query.topic) &&
         (!query.callback || exchange.callback == *query.callback) &&
         (!query.kind || exchange.kind == *query.kind) &&
         (!query.status || exchange.status == *query.status) &&
         (!query.subscription || exchange.subscription_id == query.subscription) &&
         (!query.message || exchange.message_id == query.message) &&
         (!query.since || exchange.at >= *query.since) &&
         (!query.until || exchange.at <= *query.until);
}

// By looking at every row.
std::vector<std::int64_t> Expected(const std::vector<Exchange>& all, const ExchangeQuery& query) {
  const bool newest = query.order == Order::kNewestFirst;
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < all.size() && ids.size() < query.limit; ++i) {
    const Exchange& exchange = all[newest ? all.size() - 1 - i : i];
    const bool behind =
        !query.after || (newest ? exchange.id < *query.after : exchange.id > *query.after);
    if (behind && Meets(exchange, query)) ids.push_back(exchange.id);
  }
  return ids;
}

// Exchanges of every kind, over several segments, at times that do not grow with the ids.
class Mixed : public StoreFixture {
 public:
  Mixed() {
    for (int i = 0; i < 6; ++i) {
      subscriptions.push_back(Subscribe("https://example.org/" + std::to_string(i % 3),
                                        "https://peer.example/" + std::to_string(i % 4)));
    }
    while (all.size() < 36000) AddBatch(3000);
  }

  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
  }
  Time AnyTime() { return clock.Now() + seconds(Below(200)); }
  ExchangeKind AnyKind() {
    constexpr ExchangeKind kKinds[] = {ExchangeKind::kSubscribe, ExchangeKind::kPublish,
                                       ExchangeKind::kVerify, ExchangeKind::kDeliver};
    return kKinds[Below(4)];
  }
  int AnyStatus() { return std::vector<int>{200, 204, 0, 500}[Below(4)]; }

  void AddBatch(std::size_t size) {
    std::vector<Exchange> batch;
    while (batch.size() < size) {
      const auto& subscription = subscriptions[Below(subscriptions.size())];
      Exchange exchange = Delivery(subscription, static_cast<hub::MessageId>(1 + Below(50)), "");
      if (Below(4) == 0) {
        exchange.kind = AnyKind();
        if (Below(2) == 0) exchange.subscription_id.reset();
        if (Below(2) == 0) exchange.message_id.reset();
      }
      exchange.status = AnyStatus();
      exchange.at = clock.Now() + seconds(all.size() / 400 + Below(9));
      batch.push_back(exchange);
    }
    const auto ids = Record({}, batch);
    REQUIRE(ids.has_value());
    for (std::size_t i = 0; i < size; ++i) {
      batch[i].id = ids->at(i);
      all.push_back(batch[i]);
    }
  }

  ExchangeQuery AnyQuery() {
    ExchangeQuery query;
    const auto& subscription = subscriptions[Below(subscriptions.size())];
    if (Below(4) == 0) query.topic = subscription.topic;
    if (Below(4) == 0) query.callback = subscription.callback;
    if (Below(4) == 0) query.kind = AnyKind();
    if (Below(4) == 0) query.status = AnyStatus();
    if (Below(5) == 0) query.subscription = subscription.id;
    if (Below(6) == 0) query.message = static_cast<std::int64_t>(1 + Below(50));
    if (Below(4) == 0) query.since = AnyTime();
    if (Below(4) == 0) query.until = AnyTime();
    if (Below(2) == 0) query.after = static_cast<std::int64_t>(Below(all.size()));
    if (Below(2) == 0) query.order = Order::kNewestFirst;
    query.limit = Below(3) == 0 ? 1000 : 1 + Below(20);
    return query;
  }

  std::mt19937 random{20180123};
  std::vector<hub::Subscription> subscriptions;
  std::vector<Exchange> all;
};

}  // namespace

TEST_CASE("the lines that two heads have in common are found in one piece") {
  const std::string a = Head("/1", "m1", "aaaa");
  const std::string b = Head("/22", "m1", "bbbb");
  const auto common = hub::CommonLines(a, b);
  CHECK(common.starts_with("Host: peer.example\r\n"));
  CHECK(common.ends_with("Websub-Message-Id: m1\r\n"));
  CHECK(hub::CommonLines(a, a).ends_with("\r\n\r\n"));
  CHECK_FALSE(hub::CommonLines(a, a).starts_with("POST"));
  CHECK(hub::CommonLines("", "").empty());
  CHECK(hub::CommonLines("no line end", a).empty());
  CHECK(hub::CommonLines("GET / HTTP/1.1\r\nX: y\r\n", "GET / HTTP/1.1\r\nX: y\r\n").empty());
  const std::string longer = "X: " + std::string(80, 'x') + "\r\n";
  CHECK(hub::CommonLines("1\r\nA: b\r\nC: d\r\n" + longer, "2\r\nA: b\r\n" + longer) == longer);
  CHECK(
      hub::CommonLines("1\r\n" + std::string(5000, 'x'), "2\r\n" + std::string(5000, 'x')).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "the heads of deliveries come back byte for byte") {
  std::vector<Exchange> batch;
  for (int i = 0; i < 5; ++i) {
    const auto subscription =
        Subscribe("https://example.org/feed", "https://peer.example/" + std::to_string(i));
    batch.push_back(
        Delivery(subscription, 7,
                 Head("/" + std::to_string(i), "m7", std::string(9, static_cast<char>('a' + i)))));
  }
  batch[2].request_head = std::string("other \0 bytes\r\n\r\n", 17);
  batch[3].request_head.clear();
  batch[3].url = "https://elsewhere.example/";
  batch.push_back(Delivery(*store->FindSubscription(1), 8, Head("/0", "m8", "c")));  // alone
  const auto ids = Record({}, batch);
  REQUIRE(ids.has_value());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto found = store->FindExchange(ids->at(i));
    REQUIRE(found.has_value());
    CHECK(found->request_head == batch[i].request_head);
    CHECK(found->topic == batch[i].topic);
    CHECK(found->callback == batch[i].callback);
    CHECK(found->url == batch[i].url);
  }
  CHECK(store->ExcerptOf(ids->at(1)).request_line == "POST /1 HTTP/1.1");
}

TEST_CASE_FIXTURE(StoreFixture, "ids of exchanges go on after opening again") {
  const auto first = Record({}, {Exchange{}, Exchange{}});
  CHECK(*first == std::vector<hub::ExchangeId>{1, 2});
  Reopen();
  CHECK(*Record({}, {Exchange{}}) == std::vector<hub::ExchangeId>{3});
}

TEST_CASE_FIXTURE(Mixed, "every way of finding exchanges tells what looking at each row does") {
  std::size_t found = 0;
  for (int i = 0; i < 200; ++i) {
    const ExchangeQuery query = AnyQuery();
    const auto rows = store->List(query);
    REQUIRE(rows.has_value());
    std::vector<std::int64_t> ids;
    for (const Exchange& exchange : *rows) {
      ids.push_back(exchange.id);
      const Exchange& expected = all.at(static_cast<std::size_t>(exchange.id - 1));
      REQUIRE(exchange.topic == expected.topic);
      REQUIRE(exchange.callback == expected.callback);
      REQUIRE(exchange.url == expected.url);
    }
    CAPTURE(i);
    CHECK(ids == Expected(all, query));
    found += ids.size();
  }
  CHECK(found > 1000);
  CHECK(store->CountAll().exchanges == static_cast<std::int64_t>(all.size()));
}

}  // namespace websub::tests
