// Who holds up whom: those that do not answer have a share of their own, and what there is no room
// for waits in the store.
#include <doctest/doctest.h>

#include "hub/delivery/pace.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";

std::string At(const std::string& origin, int i) {
  return "https://" + origin + ".example/" + std::to_string(i);
}

class Isolated : public HubRig {
 public:
  Isolated() {
    peers = [this](const FakeTransport::Call& call) { return subscribers(call); };
    subscribers.silent = [](const auto& call) { return call.url().starts_with("https://stalled"); };
  }
  std::size_t OpenAt(const std::string& prefix) const {
    std::size_t open = 0;
    for (const auto& call : transport.calls) open += call.open() && call.url().starts_with(prefix);
    return open;
  }

  Subscribers subscribers;
};

}  // namespace

TEST_CASE("an origin that answers slowly gets more and one that does not gets less") {
  const hub::PaceOptions options{.fewest = 4, .first = 8, .most = 10, .unhurried = 20ms};
  hub::Pace pace(options);
  CHECK(pace.standing() == hub::Pace::Standing::kUnproven);
  CHECK(pace.limit() == 8);
  pace.Answered(19ms, options);  // more at once would not help
  CHECK(pace.standing() == hub::Pace::Standing::kProven);
  CHECK(pace.limit() == 8);
  for (int i = 0; i < 5; ++i) pace.Answered(20ms, options);
  CHECK(pace.limit() == 10);
  pace.Failed(options);
  CHECK(pace.standing() == hub::Pace::Standing::kFailing);
  CHECK(pace.limit() == 5);
  pace.Failed(options);
  pace.Failed(options);
  CHECK(pace.limit() == 4);
  pace.Answered(1ms, options);  // it comes back
  CHECK(pace.standing() == hub::Pace::Standing::kProven);
  CHECK(pace.limit() == 5);
  pace.Answered(1s, options);
  CHECK(pace.standing() == hub::Pace::Standing::kProven);
  pace.Answered(1001ms, options);  // too slow to be given the room of the others
  CHECK(pace.standing() == hub::Pace::Standing::kUnproven);
}

TEST_CASE_FIXTURE(Isolated, "those that never answered leave room for those that do") {
  delivery.max_in_flight = 20;
  delivery.max_in_flight_unproven = 12;
  delivery.max_in_flight_failing = 5;
  Start();
  for (int i = 0; i < 5; ++i) Subscribe(kTopic, At("good" + std::to_string(i), i));
  PublishAndWake(kTopic, "first");
  RunFor(1s);  // now they are known to answer
  for (int i = 0; i < 60; ++i) Subscribe(kTopic, At("stalled" + std::to_string(i), i));
  PublishAndWake(kTopic, "second");
  RunFor(1s);
  for (int i = 0; i < 5; ++i) {
    CHECK(subscribers.received[At("good" + std::to_string(i), i)].size() == 2);
  }
  CHECK(OpenAt("https://stalled") == 12);
  RunFor(30s);  // by and by each of them has failed
  CHECK(OpenAt("https://stalled") <= 12);
  RunFor(5min);
  CHECK(OpenAt("https://stalled") <= 5);
  PublishAndWake(kTopic, "third");
  RunFor(100ms);
  for (int i = 0; i < 5; ++i) {
    CHECK(subscribers.received[At("good" + std::to_string(i), i)].size() == 3);
  }
}

TEST_CASE_FIXTURE(Isolated, "callbacks that failed do not hold up others on their origin") {
  delivery.pace = {.fewest = 4, .first = 8, .most = 8};
  Start();
  // Four callbacks of the origin never answer; the other ones do.
  subscribers.silent = [](const auto& call) {
    return call.url().find("/stall") != std::string::npos;
  };
  for (int i = 0; i < 4; ++i) Subscribe(kTopic, "https://one.example/stall" + std::to_string(i));
  for (int i = 0; i < 40; ++i) Subscribe(kTopic, At("one", i));
  PublishAndWake(kTopic, "first");
  RunFor(1min);  // the four have timed out, and are tried again and again
  CHECK(OpenAt("https://one.example/stall") <= 2);
  PublishAndWake(kTopic, "second");
  RunFor(100ms);
  for (int i = 0; i < 40; ++i) CHECK(subscribers.received[At("one", i)].size() == 2);
}

TEST_CASE_FIXTURE(Isolated, "a stalled origin with more subscriptions than lanes holds up nobody") {
  delivery.max_lanes = 40;
  delivery.page = 8;
  delivery.max_ready_per_origin = 8;
  delivery.pace = {.fewest = 2, .first = 4, .most = 4};
  Start();
  for (int i = 0; i < 200; ++i) Subscribe(kTopic, At("stalled", i));
  for (int i = 0; i < 100; ++i) Subscribe(kTopic, At("good" + std::to_string(i % 5), i));
  PublishAndWake(kTopic, "first");
  RunFor(1s);
  for (int i = 0; i < 100; ++i) {
    INFO(i);
    CHECK(subscribers.received[At("good" + std::to_string(i % 5), i)].size() == 1);
  }
  CHECK(OpenAt("https://stalled") == 4);
  PublishAndWake(kTopic, "second");
  RunFor(1s);
  for (int i = 0; i < 100; ++i) {
    CHECK(subscribers.received[At("good" + std::to_string(i % 5), i)].size() == 2);
  }
  // Each of them has its turn, and once they answer they get all.
  subscribers.silent = nullptr;
  RunFor(2h);
  for (int i = 0; i < 200; ++i) {
    INFO(i);
    CHECK(subscribers.received[At("stalled", i)] == std::vector<std::string>{"first", "second"});
  }
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Isolated, "retries of an origin with more than there is room for all come") {
  delivery.max_lanes = 16;
  delivery.page = 4;
  delivery.max_ready_per_origin = 4;
  delivery.pace = {.fewest = 2, .first = 2, .most = 2};
  delivery.retry = {.retries = std::nullopt, .base = 1s, .max = 1min, .give_up_after = 24h};
  Start();
  bool down = true;
  subscribers.silent = nullptr;
  subscribers.failing = [&](const auto& call) {
    return down && call.url().starts_with("https://d");
  };
  for (int i = 0; i < 60; ++i) Subscribe(kTopic, At("d", i));
  PublishAndWake(kTopic, "first");
  RunFor(10min);
  subscribers.silent = [&](const auto& call) {
    return down && call.url().starts_with("https://d");
  };
  Subscribe(kTopic, At("good", 0));
  RunFor(10min);  // all of them are due, and two at a time time out
  PublishAndWake(kTopic, "second");
  RunFor(1s);
  CHECK(subscribers.received[At("good", 0)] == std::vector<std::string>{"second"});
  down = false;
  RunFor(1h);
  for (int i = 0; i < 60; ++i) {
    INFO(i);
    CHECK(subscribers.received[At("d", i)] == std::vector<std::string>{"first", "second"});
  }
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Isolated, "no more is sent at once than a moment takes unless it takes longer") {
  delivery.max_young = 8;
  Start();
  for (int i = 0; i < 40; ++i) Subscribe(kTopic, At("a" + std::to_string(i), i));
  PublishAndWake(kTopic, "x");
  Settle();
  CHECK(transport.open() == 2);  // a quarter for those of whom nothing is known
  transport.AnswerNext(Answer(200));
  Settle();
  CHECK(transport.open() == 2);
  clock.Set(clock.Now() + 10ms);  // what is open is not young any more
  Wake();
  Settle();
  CHECK(transport.open() == 4);
  RunFor(1s);
  for (int i = 0; i < 40; ++i) {
    CHECK(subscribers.received[At("a" + std::to_string(i), i)].size() <= 1);
  }
  PublishAndWake(kTopic, "y");
  Settle();
  CHECK(transport.open() >= 8);
}

TEST_CASE_FIXTURE(Isolated, "more silent origins than lanes hold up nobody who answers") {
  delivery.page = 4;
  delivery.max_lanes = 16;
  delivery.max_in_flight = 16;
  delivery.max_in_flight_unproven = 12;
  delivery.max_in_flight_failing = 4;
  Start();
  const std::string other = "https://t.example/other";
  for (int i = 0; i < 200; ++i) Subscribe(kTopic, At("stalled" + std::to_string(i), 0));
  Subscribe(other, At("good", 0));
  PublishAndWake(other, "known from now on");
  RunFor(100ms);
  PublishAndWake(kTopic, "x");
  RunFor(50ms);
  PublishAndWake(other, "first");
  RunFor(100ms);
  CHECK(subscribers.received[At("good", 0)].size() == 2);
  RunFor(1h);
  PublishAndWake(other, "second");
  RunFor(100ms);
  CHECK(subscribers.received[At("good", 0)].size() == 3);
}

TEST_CASE_FIXTURE(Isolated, "a callback that failed has its turn beside others that never end") {
  delivery.pace = {.fewest = 1, .first = 1, .most = 1};
  Start();
  bool down = true;
  subscribers.failing = [&](const auto& call) { return down && call.url() == At("one", 0); };
  for (int i = 0; i < 4; ++i) Subscribe(kTopic, At("one", i));
  PublishAndWake(kTopic, "first");
  RunFor(500ms);
  down = false;
  int published = 1;
  // The others always have something ready.
  while (subscribers.received[At("one", 0)].empty() && published < 200) {
    for (int i = 0; i < 4; ++i, ++published) PublishAndWake(kTopic, std::to_string(published));
    clock.Set(clock.Now() + 20ms);
    for (int i = 0; i < 3; ++i) {
      Settle();
      transport.AnswerBy(peers);
    }
  }
  CHECK(published < 200);
  CHECK(subscribers.received[At("one", 0)].front() == "first");
}

TEST_CASE_FIXTURE(Isolated, "an origin that turns out to answer does not wait among the unknown") {
  delivery.max_in_flight_unproven = 2;
  Start();
  for (int i = 0; i < 3; ++i) Subscribe(kTopic, At("good", i));
  for (int i = 0; i < 5; ++i) Subscribe(kTopic, At("stalled" + std::to_string(i), i));
  PublishAndWake(kTopic, "x");
  RunFor(1s);  // far less than the timeout of those that stall
  for (int i = 0; i < 3; ++i) CHECK(subscribers.received[At("good", i)].size() == 1);
  CHECK(transport.open() == 2);
}

TEST_CASE_FIXTURE(Isolated, "nothing new starts while what was delivered is not written down") {
  record.behind_at = 3;
  Start();
  for (int i = 0; i < 5; ++i) Subscribe(kTopic, At("good", i));
  PublishAndWake(kTopic, "first");
  Settle();
  REQUIRE(transport.open() == 5);
  while (transport.open() > 0) transport.AnswerNext(Answer(204));
  PublishAndWake(kTopic, "second");
  Settle();
  CHECK(transport.open() == 0);
  clock.Set(clock.Now() + 20ms);  // the recorder hands over
  Wake();
  Settle();
  CHECK(transport.open() == 5);
  CHECK(transport.calls.back().body() == "second");
}

}  // namespace websub::tests
