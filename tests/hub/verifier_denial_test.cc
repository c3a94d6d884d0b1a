// Callbacks are told that their subscription is denied.
#include <doctest/doctest.h>

#include "hub/intent/verifier.h"
#include "tests/support/verifying.h"

namespace websub::tests {

using hub::SubscriptionState;

TEST_CASE_FIXTURE(Verifying, "a denial tells mode and topic and reason (HUB-VAL-01 HUB-VAL-02)") {
  Start();
  const auto subscription = Subscribe(kTopic, kCallback);
  Deny(subscription, "too many & too often");
  REQUIRE(transport.calls.size() == 1);
  CHECK(Last().RequestLine().starts_with("GET /cb?own=1%2B1&x&hub.mode=denied&hub.topic="));
  const auto query = ParseCallbackQuery(Last().url().substr(Last().url().find('?') + 1));
  REQUIRE(query.has_value());
  CHECK(std::get<Denial>(*query) == Denial{kTopic, "too many & too often"});
  SUBCASE("told") {
    Reply(Answer(200));
    RunFor(1h);
    CHECK(transport.calls.size() == 1);
  }
  SUBCASE("tried again on faults and 5xx until it is told") {
    for (const auto& failure : {Broken(Fault::kRefused), Answer(503), Answer(500)}) {
      Reply(failure);
      CHECK(transport.open() == 0);
      ToNextDue();
      while (transport.open() == 0) ToNextDue();
    }
    Reply(Answer(204));
    RunFor(1h);
    CHECK(transport.calls.size() == 4);
    CHECK(Outcomes(ExchangeKind::kDeny).back() == "told that the subscription is denied");
  }
  SUBCASE("any other answer ends it") {
    Reply(Answer(404));
    RunFor(1h);
    CHECK(transport.calls.size() == 1);
  }
}

TEST_CASE_FIXTURE(Verifying, "a denial without a reason gets one") {
  Start();
  Deny(Subscribe(kTopic, kCallback), "");
  const auto query = ParseCallbackQuery(Last().url().substr(Last().url().find('?') + 1));
  REQUIRE(query.has_value());
  CHECK(std::get<Denial>(*query).reason == "denied by the hub");
}

TEST_CASE_FIXTURE(Verifying, "a denial that nobody was told yet is told after a restart") {
  Start();
  Deny(Subscribe(kTopic, kCallback), "no more");
  SUBCASE("in flight") {}
  SUBCASE("waiting for a retry") {
    Reply(Answer(503));
  }
  Restart();
  while (transport.open() == 0) ToNextDue();
  CHECK(Last().url().ends_with("hub.reason=no%20more"));
  Reply(Answer(200));
  RunFor(1h);
  CHECK(transport.open() == 0);
  CHECK(Outcomes(ExchangeKind::kDeny).back() == "told that the subscription is denied");
}

TEST_CASE_FIXTURE(Verifying, "who subscribes again is not told of the denial before") {
  Start();
  Deny(Subscribe(kTopic, kCallback), "no more");
  Reply(Answer(503));
  Begin();
  while (Last().url().find("hub.mode=denied") != std::string::npos) ToNextDue();
  EchoNext();
  const auto calls = transport.calls.size();
  RunFor(30min);
  CHECK(InForce()->state == SubscriptionState::kActive);
  CHECK(transport.calls.size() == calls);
}

TEST_CASE_FIXTURE(Verifying, "denials keep to the limit in flight") {
  verify.turns.max_running = 3;
  Start();
  for (int i = 0; i < 10; ++i) Deny(Subscribe(kTopic, kCallback + "&" + std::to_string(i)), "");
  CHECK(transport.open() == 3);
  while (transport.open() > 0) Reply(Answer(200));
  CHECK(transport.calls.size() == 10);
  CHECK(transport.most_open == 3);
}

}  // namespace websub::tests
