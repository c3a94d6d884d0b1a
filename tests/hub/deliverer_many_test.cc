// Many subscriptions: order, fairness, limits of memory, and what survives a restart.
#include <doctest/doctest.h>

#include <set>

#include "hub/delivery/deliverer.h"
#include "tests/support/full_disk.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";

class Many : public HubRig {
 public:
  Many() {
    peers = [this](const FakeTransport::Call& call) { return subscribers(call); };
  }
  // Subscriber i has a host of its own.
  static std::string Callback(int i) { return "https://s" + std::to_string(i) + ".example/cb"; }
  void SubscribeAll(int count) {
    for (int i = 0; i < count; ++i) Subscribe(kTopic, Callback(i));
  }
  std::vector<std::string> PublishAll(int from, int to) {
    for (int i = from; i < to; ++i) {
      PublishAndWake(kTopic, std::to_string(i));
      published.push_back(std::to_string(i));
    }
    return published;
  }

  Subscribers subscribers;
  std::vector<std::string> published;
};

}  // namespace

TEST_CASE_FIXTURE(Many,
                  "one failing subscriber of twenty holds up nobody and gets all in order later") {
  Start();
  SubscribeAll(20);
  bool down = true;
  subscribers.failing = [&](const auto& call) { return down && call.url() == Callback(7); };
  PublishAll(0, 10);
  RunFor(100ms);
  for (int i = 0; i < 20; ++i) {
    INFO(i);
    CHECK(subscribers.received[Callback(i)] == (i == 7 ? std::vector<std::string>{} : published));
  }
  PublishAll(10, 12);
  RunFor(10min);
  const std::size_t tries = transport.calls.size() - 19 * 12;
  CHECK(tries >= 9);  // 1 s, 2 s, 4 s …
  CHECK(tries <= 11);
  down = false;
  RunFor(2h);
  CHECK(subscribers.received[Callback(7)] == published);
  CHECK(transport.calls.size() == 19 * 12 + tries + 12);  // nothing was sent twice to the others
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Many,
                  "retries wait longer each time and as long as Retry-After says (HUB-DIS-08)") {
  Start();
  Subscribe(kTopic, Callback(0));
  PublishAndWake(kTopic, "x");
  Settle();
  const auto wait_after = [&](hub::OutgoingResult result) {
    const Time failed = clock.Now();
    transport.AnswerNext(std::move(result));
    while (transport.open() == 0) ToNextDue();
    return transport.calls.back().at - failed;
  };
  CHECK(wait_after(Answer(500)) == 1s);
  CHECK(wait_after(Broken(Fault::kRefused)) == 2s);
  CHECK(wait_after(Answer(404)) == 4s);
  CHECK(wait_after(Answer(429, "", {"Retry-After: 300"})) == 300s);
  CHECK(wait_after(Answer(503, "", {"Retry-After: " + FormatHttpDate(clock.Now() + 600s)})) ==
        600s);
  CHECK(wait_after(Answer(500, "", {"Retry-After: 900"})) == 32s);
  random.unit = 0;
  CHECK(wait_after(Answer(500)) == 32s);  // half of 64
}

TEST_CASE_FIXTURE(Many, "exhausted retries end that message only (HUB-DIS-08 HUB-DIS-09)") {
  delivery.retry.retries = 3;
  Start();
  const auto subscription = Subscribe(kTopic, Callback(0));
  const auto first = PublishAndWake(kTopic, "first");
  subscribers.failing = [&](const auto& call) { return call.body() == "first"; };
  SUBCASE("by count") {
    RunFor(10min);
  }
  SUBCASE("by age") {
    delivery.retry = {.retries = std::nullopt, .base = 1s, .max = 1h, .give_up_after = 10s};
    Restart();
    RunFor(10min);  // at 0 s, 1 s, 3 s, 7 s; 15 s would be too late
  }
  CHECK(transport.calls.size() == 4);
  CHECK(Now(subscription).cursor == first.id);
  CHECK(Now(subscription).state == hub::SubscriptionState::kActive);
  const auto letters = DeadLetters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].message_id == first.id);
  CHECK(letters[0].attempts == 4);
  PublishAndWake(kTopic, "second");
  RunFor(1s);
  CHECK(subscribers.received[Callback(0)] == std::vector<std::string>{"second"});
  CHECK(DeadLetters().size() == 1);
}

TEST_CASE_FIXTURE(Many, "unlimited retries go on for the life of the lease (HUB-DIS-08)") {
  delivery.retry = {.retries = std::nullopt, .base = 1s, .max = 1h, .give_up_after = 24h * 365};
  Start();
  const auto subscription = Subscribe(kTopic, Callback(0));  // ten days
  subscribers.failing = [](const auto&) { return true; };
  PublishAndWake(kTopic, "x");
  RunFor(24h * 9);
  CHECK(DeadLetters().empty());
  CHECK(transport.calls.size() > 24 * 9);
  subscribers.failing = nullptr;
  RunFor(2h);
  CHECK(subscribers.received[Callback(0)].size() == 1);
}

TEST_CASE_FIXTURE(Many, "a stalled origin holds up neither others nor later messages") {
  delivery.page = 4;
  delivery.max_in_flight = 16;
  delivery.pace = {.fewest = 1, .first = 3, .most = 3};
  Start();
  // Those of the stalled origin come first and are many more than its share, and than a page.
  for (int i = 0; i < 100; ++i) {
    Subscribe(kTopic, "https://stalled.example/" + std::to_string(i));
  }
  SubscribeAll(50);
  subscribers.silent = [](const auto& call) { return call.url().starts_with("https://stalled"); };
  PublishAll(0, 3);
  RunFor(5s);  // less than the timeout of one request
  for (int i = 0; i < 50; ++i) CHECK(subscribers.received[Callback(i)] == published);
  CHECK(transport.open() == 3);
  Subscribe("https://t.example/other", Callback(99));
  PublishAndWake("https://t.example/other", "new");
  RunFor(100ms);
  CHECK(subscribers.received[Callback(99)].size() == 1);
  CHECK(transport.most_open <= 16);
}

TEST_CASE_FIXTURE(Many, "no more is in flight than the limits say and origins take turns") {
  delivery.max_in_flight = 6;
  delivery.pace = {.fewest = 1, .first = 4, .most = 4};
  Start();
  for (int i = 0; i < 20; ++i) Subscribe(kTopic, "https://a.example/" + std::to_string(i));
  for (int i = 0; i < 20; ++i) Subscribe(kTopic, "https://b.example/" + std::to_string(i));
  PublishAndWake(kTopic, "x");
  Settle();
  CHECK(transport.open() == 6);
  std::map<std::string, int> open;
  for (const auto& call : transport.calls) ++open[call.request.url.host()];
  CHECK(open == std::map<std::string, int>{{"a.example", 3}, {"b.example", 3}});
  while (transport.open() > 0) {
    transport.AnswerNext(Answer(200));
    Settle();
    std::map<std::string, int> now;
    for (const auto& call : transport.calls) now[call.request.url.host()] += call.open() ? 1 : 0;
    CHECK(now["a.example"] <= 4);
    CHECK(now["b.example"] <= 4);
  }
  CHECK(transport.calls.size() == 40);
  CHECK(transport.most_open == 6);
}

TEST_CASE_FIXTURE(Many, "pages through more subscriptions than there may be lanes") {
  delivery.page = 2;
  delivery.max_lanes = 5;
  Start();
  SubscribeAll(40);
  std::size_t most = 0;
  subscribers.failing = [&](const auto& call) {
    most = std::max(most, deliverer->lanes());
    return call.url() == Callback(3) && clock.Now() < Time(1767323045s) + 60s;
  };
  PublishAll(0, 3);
  RunFor(1s);
  for (int i = 0; i < 40; ++i) {
    INFO(i);
    if (i != 3) CHECK(subscribers.received[Callback(i)] == published);
  }
  RunFor(1h);
  CHECK(subscribers.received[Callback(3)] == published);
  CHECK(most <= 5);
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Many, "retries of more subscriptions than there may be lanes all come") {
  delivery.page = 2;
  delivery.max_lanes = 5;
  Start();
  SubscribeAll(30);
  bool down = true;
  subscribers.failing = [&](const auto&) { return down; };
  PublishAll(0, 2);
  RunFor(1min);
  down = false;
  RunFor(1h);
  for (int i = 0; i < 30; ++i) CHECK(subscribers.received[Callback(i)] == published);
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Many, "a message that comes at any moment of another's delivery is not missed") {
  Start();
  SubscribeAll(3);
  // After each event of the first delivery, one more message.
  SUBCASE("while the outcome waits to be kept") {
    PublishAll(0, 1);
    Settle();
    while (transport.open() > 0) transport.AnswerNext(Answer(200));
    CHECK(deliverer->lanes() == 3);
    transport.calls.clear();
    subscribers.received.clear();
    published.clear();
    PublishAll(1, 2);
  }
  SUBCASE("while a retry is in flight that the store still calls waiting") {
    subscribers.failing = [&](const auto&) { return clock.Now() < Time(1767323045s) + 2s; };
    PublishAll(0, 1);
    RunFor(2500ms);
    REQUIRE(transport.open() == 0);
    subscribers.silent = [](const auto&) { return true; };
    RunFor(1s);  // the attempts after 3 s
    REQUIRE(transport.open() == 3);
    PublishAll(1, 2);
    Settle();
    while (transport.open() > 0) {
      subscribers.received[transport.calls[*transport.NextOpen()].url()].push_back("0");
      transport.AnswerNext(Answer(200));
      queue.RunReady();
      if (transport.calls.back().body() == "1") break;
    }
    subscribers.silent = nullptr;
  }
  SUBCASE("between the answer and the commit of a retry's success") {
    subscribers.failing = [&](const auto&) { return clock.Now() < Time(1767323045s) + 500ms; };
    PublishAll(0, 1);
    RunFor(500ms);
    subscribers.failing = nullptr;
    while (transport.open() == 0) ToNextDue();
    transport.AnswerBy(peers);
    queue.RunReady();
    REQUIRE(transport.open() == 0);
    PublishAll(1, 2);  // the sweep passes over rows that say "retry at"
    queue.RunReady();
  }
  RunFor(1h);
  for (int i = 0; i < 3; ++i) CHECK(subscribers.received[Callback(i)] == published);
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Many, "a message that comes while a sweep runs reaches those behind it") {
  delivery.page = 2;
  delivery.max_lanes = 4;
  Start();
  SubscribeAll(12);
  bool quick = false;
  subscribers.silent = [&](const auto& call) {
    return !quick && call.url() != Callback(0) && call.url() != Callback(1);
  };
  PublishAll(0, 1);
  RunFor(1s);  // the first two have it; the others take up all the lanes that they may have
  REQUIRE(subscribers.received[Callback(1)].size() == 1);
  REQUIRE(deliverer->lanes() == 2);
  PublishAll(1, 2);
  quick = true;
  RunFor(1s);
  for (int i = 0; i < 12; ++i) CHECK(subscribers.received[Callback(i)] == published);
}

TEST_CASE_FIXTURE(Many,
                  "a restart goes on where it was and never sends the older after the newer") {
  delivery.page = 2;
  Start();
  SubscribeAll(6);
  subscribers.failing = [&](const auto& call) {
    return call.url() == Callback(2) && clock.Now() < Time(1767323045s) + 5min;
  };
  PublishAll(0, 4);
  for (int round = 0; round < 12; ++round) {
    transport.AnswerBy(peers);
    queue.RunReady();
    if (round % 3 == 0) Restart();
    if (round == 5) PublishAll(4, 6);
    RunFor(3ms);
  }
  Restart();
  RunFor(1h);
  for (int i = 0; i < 6; ++i) {
    auto& received = subscribers.received[Callback(i)];
    INFO(i);
    // A crash repeats what was not written down yet; then the order of first arrivals holds.
    std::vector<std::string> first;
    std::set<std::string> seen;
    for (const auto& body : received) {
      if (seen.insert(body).second) first.push_back(body);
    }
    CHECK(first == published);
    CHECK(received.back() == published.back());
  }
}

TEST_CASE_FIXTURE(Many, "a retry that was waiting when the hub ended comes at its time") {
  delivery.retry.base = 100s;
  Start();
  SubscribeAll(1);
  bool down = true;
  subscribers.failing = [&](const auto&) { return down; };
  PublishAll(0, 2);
  RunFor(50s);
  REQUIRE(transport.calls.size() == 1);
  down = false;
  Restart();
  RunFor(49s);
  CHECK(transport.calls.size() == 1);
  RunFor(2s);
  CHECK(subscribers.received[Callback(0)] == published);
}

TEST_CASE_FIXTURE(Many, "deliveries and retries go on while the store takes no writes") {
  Start();
  SubscribeAll(5);
  subscribers.failing = [&](const auto& call) {
    return call.url() == Callback(1) && call.Field("Websub-Attempt") != "3";
  };
  PublishAll(0, 3);
  {
    const FullDisk full;
    RunFor(1min);
    for (int i = 0; i < 5; ++i) CHECK(subscribers.received[Callback(i)] == published);
    CHECK(store->FindSubscription(kTopic, Callback(0))->cursor == 0);
  }
  RunFor(1min);
  CHECK_FALSE(store->WriteFault().has_value());
  CHECK(transport.calls.size() == 4 * 3 + 3 * 3);  // nothing twice
  for (int i = 0; i < 5; ++i) {
    CHECK(store->FindSubscription(kTopic, Callback(i))->cursor == 3);
  }
  CHECK(deliverer->lanes() == 0);
  RunFor(2h);
  CHECK(transport.calls.size() == 4 * 3 + 3 * 3);
}

TEST_CASE_FIXTURE(Many, "idle subscriptions and their origins cost no lanes") {
  Start();
  SubscribeAll(100);
  for (int round = 0; round < 3; ++round) {
    PublishAll(round, round + 1);
    RunFor(1s);
    CHECK(deliverer->lanes() == 0);
    CHECK(next_due() >= clock.Now() + 1h);
  }
  for (int i = 0; i < 100; ++i) CHECK(subscribers.received[Callback(i)] == published);
}

}  // namespace websub::tests
