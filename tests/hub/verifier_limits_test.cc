// Who holds up whom while requests are verified, and what many of them cost.
#include <doctest/doctest.h>

#include <algorithm>

#include "hub/intent/verifier.h"
#include "tests/support/crowd_rig.h"
#include "tests/support/verifying.h"

namespace websub::tests {

namespace {

const std::string kTopic = "https://t.example/feed";
const std::string kCallback = "https://s.example/cb";

std::optional<hub::OutgoingResult> EchoUnlessSilent(const FakeTransport::Call& call) {
  if (CrowdRig::IsSilent(call)) return std::nullopt;
  return Echo(call);
}

class Crowd : public CrowdRig {
 public:
  Crowd() { peers = EchoUnlessSilent; }

  // Many at once, as a burst of requests leaves them in the store.
  void AskMany(std::size_t count, const std::function<std::string(std::size_t)>& callback,
               const std::string& topic = kTopic) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      store->AddIntent({Mode::kSubscribe, topic, callback(i), "", 3600s, clock.Now()},
                       [&](const auto& intent) { kept += intent.has_value() ? 1 : 0; });
    }
    REQUIRE(queue.RunUntil([&] { return kept == count; }, 60s));
    verifier->Wake();
  }
  void AskSilent(std::size_t count, std::size_t origins) {
    AskMany(count, [=](std::size_t i) { return SilentUrl(i, origins); });
  }
  const AddSilent ask_silent = [this](std::size_t count, std::size_t origins) {
    AskSilent(count, origins);
  };
  // One more, of a callback that answers, as the hub adds it.
  void AskHealthy(const std::string& callback = kCallback) {
    const auto intent = Ask(Mode::kSubscribe, kTopic, callback);
    REQUIRE(intent.has_value());
    verifier->Add(*intent);
  }
  bool IsActive(const std::string& callback = kCallback) {
    return store->FindSubscription(kTopic, callback)->state == hub::SubscriptionState::kActive;
  }
  std::size_t OpenAt(const std::string& prefix) const {
    return static_cast<std::size_t>(std::count_if(
        transport.calls.begin(), transport.calls.end(),
        [&](const auto& call) { return call.open() && call.url().starts_with(prefix); }));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Crowd, "a healthy callback is verified at once beside a thousand stalled ones") {
  Start();
  SUBCASE("on as many origins") {
    AskSilent(1000, 1000);
  }
  SUBCASE("on two hundred origins") {
    AskSilent(1000, 200);
  }
  SUBCASE("on one origin") {
    AskSilent(1000, 1);
  }
  Settle();
  AskHealthy();
  RunFor(0s);
  CHECK(IsActive());
  CHECK(transport.open() > 0);
}

TEST_CASE_FIXTURE(Crowd, "one known to answer finds room however many stall") {
  Start();
  AskHealthy();
  RunFor(0s);
  REQUIRE(IsActive());
  AskSilent(4000, 4000);
  RunFor(0s);
  CHECK(transport.open() == 1536);  // three quarters of 2048
  AskHealthy("https://s.example/other");
  RunFor(0s);
  CHECK(IsActive("https://s.example/other"));
  SUBCASE("and so does a new one once those that stalled are known for it") {
    RunFor(11s);
    while (OpenAt("https://silent") > 512) RunFor(1s);
    AskHealthy("https://new.example/");
    RunFor(0s);
    CHECK(IsActive("https://new.example/"));
  }
}

TEST_CASE_FIXTURE(Crowd, "callbacks that stalled before share a quarter of what is in flight") {
  verify.turns.max_running = 16;
  Start();
  ExpectThatFailedJobsShareAQuarter(ask_silent);
}

TEST_CASE_FIXTURE(Crowd, "origins that stalled before share a quarter of what is in flight") {
  verify.turns.max_running = 16;
  verify.retry.retries = 0;
  Start();
  ExpectThatFailedOriginsShareAQuarter(ask_silent);
}

TEST_CASE_FIXTURE(Crowd, "ten thousand requests at once are all verified and soon") {
  Start();
  AskMany(10000, [](std::size_t i) {
    return "https://s" + std::to_string(i % 100) + ".example/" + std::to_string(i);
  });
  const Time began = clock.Now();
  RunFor(0s);
  CHECK(clock.Now() == began);
  CHECK(store->CountAll().active == 10000);
  CHECK(transport.calls.size() == 10000);
  CHECK(transport.most_open <= 2048);
}

TEST_CASE_FIXTURE(Crowd, "an origin with more than fits in memory holds up no other") {
  verify.turns.max_waiting = 64;
  verify.turns.max_waiting_per_origin = 4;
  Start();
  AskSilent(1000, 1);
  Settle();
  CHECK(transport.open() == 16);
  SUBCASE("as it was added") {
    AskHealthy();
  }
  SUBCASE("as it was found in the store") {
    AskAndWake(Mode::kSubscribe, kTopic, kCallback);
  }
  RunFor(0s);
  CHECK(IsActive());
}

TEST_CASE_FIXTURE(Crowd, "requests about one topic and callback are verified one after the other") {
  // An unsubscribe outlives the subscription that it was about, and another subscription begins.
  const auto first = Ask(Mode::kSubscribe, kTopic, kCallback);
  const auto leave = Ask(Mode::kUnsubscribe, kTopic, kCallback);
  REQUIRE(Reject(first->id, hub::SubscriptionState::kUnverified).has_value());
  const auto second = Ask(Mode::kSubscribe, kTopic, kCallback);
  REQUIRE(second->subscription_id != leave->subscription_id);
  Start();
  RunFor(0s);
  CHECK(transport.most_open == 1);
  CHECK(transport.calls.size() == 2);
  CHECK(IsActive());
}

}  // namespace websub::tests
