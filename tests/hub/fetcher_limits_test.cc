// Who holds up whom while topics are fetched, and what many of them cost.
#include <doctest/doctest.h>

#include "hub/fetch/fetcher.h"
#include "tests/support/crowd_rig.h"

namespace websub::tests {

namespace {

class Crowd : public CrowdRig {
 public:
  Crowd() {
    peers = [](const FakeTransport::Call& call) -> std::optional<hub::OutgoingResult> {
      if (IsSilent(call)) return std::nullopt;
      return Answer(200, "a");
    };
  }
  void PingMany(std::size_t count, const std::function<std::string(std::size_t)>& topic) {
    std::vector<std::string> topics;
    for (std::size_t i = 0; i < count; ++i) topics.push_back(topic(i));
    REQUIRE(Wait<void>([&](auto done) {
              store->RequestFetches(topics, clock.Now(), done);
            }).has_value());
    fetcher->Requested(clock.Now());
  }
  void PingSilent(std::size_t count, std::size_t origins) {
    PingMany(count, [=](std::size_t i) { return SilentUrl(i, origins); });
  }
  const AddSilent ping_silent = [this](std::size_t count, std::size_t origins) {
    PingSilent(count, origins);
  };
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
  ExpectThatFailedJobsShareAQuarter(ping_silent);
}

TEST_CASE_FIXTURE(Crowd, "origins that stalled before share a quarter of what is in flight") {
  fetch.turns.max_running = 16;
  fetch.retry.retries = 0;
  Start();
  ExpectThatFailedOriginsShareAQuarter(ping_silent);
}

TEST_CASE_FIXTURE(Crowd, "ten thousand topics at once are all fetched") {
  Start();
  PingMany(10000, [](std::size_t i) {
    return "https://t" + std::to_string(i % 100) + ".example/" + std::to_string(i);
  });
  RunFor(0s);
  CHECK(messages.size() == 10000);
  CHECK(transport.calls.size() == 10000);
  CHECK(store->CountAll().waiting_fetches == 0);
}

}  // namespace websub::tests
