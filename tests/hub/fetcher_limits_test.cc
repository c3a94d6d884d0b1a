// Who holds up whom while topics are fetched, and what many of them cost.
#include <doctest/doctest.h>

#include "hub/fetch/fetcher.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

namespace {

class Crowd : public HubRig {
 public:
  Crowd() {
    peers = [](const FakeTransport::Call& call) -> std::optional<hub::OutgoingResult> {
      if (call.url().starts_with("https://silent")) return std::nullopt;
      return Answer(200, "a");
    };
  }
  void PingMany(int count, const std::function<std::string(int)>& topic) {
    std::vector<std::string> topics;
    for (int i = 0; i < count; ++i) topics.push_back(topic(i));
    REQUIRE(Wait<void>([&](auto done) {
              store->RequestFetches(topics, clock.Now(), done);
            }).has_value());
    fetcher->Requested(clock.Now());
  }
  void PingSilent(int count, int origins) {
    PingMany(count, [=](int i) {
      return "https://silent" + std::to_string(i % origins) + ".example/" + std::to_string(i);
    });
  }
};

}  // namespace

TEST_CASE_FIXTURE(Crowd, "a healthy topic is fetched at once beside many that stall") {
  Start();
  SUBCASE("on one origin") {
    PingSilent(1000, 1);
  }
  SUBCASE("on eleven origins") {
    PingSilent(1000, 11);
  }
  SUBCASE("on forty origins") {
    PingSilent(40, 40);
  }
  Settle();
  Ping("https://t.example/feed");
  RunFor(0s);
  CHECK(messages.size() == 1);
}

TEST_CASE_FIXTURE(Crowd, "a topic whose origin answers finds room however many stall") {
  Start();
  Ping("https://t.example/feed");
  RunFor(0s);
  REQUIRE(messages.size() == 1);
  PingSilent(1000, 1000);
  RunFor(0s);
  CHECK(transport.open() == 48);  // three quarters of 64
  Ping("https://t.example/other");
  RunFor(0s);
  CHECK(messages.size() == 2);
  CHECK(transport.most_open <= 64);
}

TEST_CASE_FIXTURE(Crowd, "topics that stalled before share a quarter of what is in flight") {
  fetch.turns.max_running = 16;
  Start();
  PingSilent(12, 12);
  RunFor(0s);
  CHECK(transport.open() == 12);
  RunFor(10s);  // the timeout
  CHECK(transport.open() == 0);
  RunFor(2s);
  CHECK(transport.open() == 4);
}

TEST_CASE_FIXTURE(Crowd, "origins that stalled before share a quarter of what is in flight") {
  fetch.turns.max_running = 16;
  fetch.retry.retries = 0;
  Start();
  SUBCASE("with no answer") {}
  SUBCASE("in the middle of one") {
    peers = [](const auto&) { return BrokenOff(200, "half"); };
  }
  PingSilent(12, 12);
  RunFor(11s);
  REQUIRE(transport.open() == 0);
  peers = nullptr;
  PingMany(12, [](int i) { return "https://silent" + std::to_string(i) + ".example/other"; });
  RunFor(0s);
  CHECK(transport.open() == 4);
}

TEST_CASE_FIXTURE(Crowd, "ten thousand topics at once are all fetched") {
  Start();
  PingMany(10000, [](int i) {
    return "https://t" + std::to_string(i % 100) + ".example/" + std::to_string(i);
  });
  RunFor(0s);
  CHECK(messages.size() == 10000);
  CHECK(transport.calls.size() == 10000);
  CHECK(store->CountAll().waiting_fetches == 0);
}

TEST_CASE_FIXTURE(Crowd, "topics that do not fit in memory are taken up when there is room") {
  fetch.turns.max_waiting = 16;
  fetch.turns.max_waiting_per_origin = 2;
  fetch.turns.max_running = 8;
  Start();
  PingMany(300, [](int i) { return "https://one.example/" + std::to_string(i); });
  PingMany(20, [](int i) { return "https://many" + std::to_string(i) + ".example/"; });
  RunFor(0s);
  CHECK(messages.size() == 320);
  CHECK(transport.calls.size() == 320);
}

TEST_CASE_FIXTURE(Crowd, "a ping that was kept late is not passed over") {
  Start();
  const Time requested = clock.Now();
  clock.Advance(1s);
  Ping("https://t.example/later");
  RunFor(0s);
  REQUIRE(messages.size() == 1);
  REQUIRE(Wait<void>([&](auto done) {
            store->RequestFetches({"https://t.example/earlier"}, requested, done);
          }).has_value());
  fetcher->Requested(requested);
  RunFor(0s);
  CHECK(messages.size() == 2);
}

TEST_CASE_FIXTURE(Crowd, "a restart takes up what waited in memory") {
  fetch.turns.max_running = 8;
  Start();
  PingSilent(100, 50);
  RunFor(1s);
  Restart();
  peers = [](const auto&) { return Answer(200, "a"); };
  RunFor(1min);
  CHECK(messages.size() == 100);
}

}  // namespace websub::tests
