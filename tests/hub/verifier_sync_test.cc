// Somebody waits for the verification.
#include <doctest/doctest.h>

#include "hub/intent/verifier.h"
#include "tests/support/verifying.h"

namespace websub::tests {

using hub::SubscriptionState;

TEST_CASE_FIXTURE(Verifying, "who waits for the verification is told how it ended") {
  verify.max_sync = verify.timeout / 2;
  Start();
  std::optional<Result<void>> told;
  const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback);
  REQUIRE(intent.has_value());
  verifier->AddSync(*intent, [&](const Result<void>& verdict) { told = verdict; });
  Settle();
  CHECK_FALSE(told.has_value());
  SUBCASE("verified") {
    EchoNext();
    REQUIRE(told.has_value());
    CHECK(told->has_value());
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
  SUBCASE("refused") {
    Reply(Answer(404));
    REQUIRE(told.has_value());
    CHECK(told->error().code == ErrorCode::kConflict);
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("a fault is not tried again") {
    Reply(Broken(Fault::kRefused));
    REQUIRE(told.has_value());
    CHECK(told->error().code == ErrorCode::kConflict);
    RunFor(1h);
    CHECK(transport.calls.size() == 1);
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("not in time") {
    RunFor(verify.max_sync);
    REQUIRE(told.has_value());
    CHECK(told->error().code == ErrorCode::kUnavailable);
    EchoNext();
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
}

}  // namespace websub::tests
