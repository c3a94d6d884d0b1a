// What the operator says to requests.
#include <doctest/doctest.h>

#include "hub/intent/verifier.h"
#include "tests/support/verifying.h"

namespace websub::tests {

using hub::SubscriptionState;

TEST_CASE_FIXTURE(Verifying, "what is said to a request decides about it (HUB-VAL-01)") {
  Start();
  using Kind = hub::Judgement::Kind;
  std::vector<std::pair<hub::IntentStage, Kind>> said;
  Kind at_validation = Kind::kAccept;
  Kind at_verified = Kind::kAccept;
  verifier->judge = [&](hub::IntentStage stage, const hub::Intent& intent,
                        const std::function<void(hub::Judgement)>& done) {
    CHECK(intent.topic == kTopic);
    const Kind kind = stage == hub::IntentStage::kValidation ? at_validation : at_verified;
    said.emplace_back(stage, kind);
    queue.Post([=] { done({kind, "not you"}); });
  };
  SUBCASE("accepted twice") {
    Begin();
    EchoNext();
    CHECK(said.size() == 2);
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
  SUBCASE("denied before the callback is asked") {
    at_validation = Kind::kDeny;
    Begin();
    CHECK(Last().url().find("hub.mode=denied") != std::string::npos);
    CHECK(Last().url().ends_with("hub.reason=not%20you"));
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("denied once the callback has confirmed") {
    at_verified = Kind::kDeny;
    Begin();
    EchoNext();
    CHECK(Last().url().ends_with("hub.reason=not%20you"));
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("a renewal that is denied leaves the subscription as it was (HUB-REQ-06)") {
    const auto subscription = Subscribe(kTopic, kCallback, "first");
    at_validation = Kind::kDeny;
    Begin(Mode::kSubscribe, "second");
    CHECK(transport.calls.empty());
    CHECK(Now(subscription).state == SubscriptionState::kActive);
    CHECK(Now(subscription).secret == "first");
  }
  SUBCASE("where nobody could say it is tried again") {
    at_validation = Kind::kFault;
    Begin();
    CHECK(transport.calls.empty());
    CHECK(InForce()->state == SubscriptionState::kPending);
    at_validation = Kind::kAccept;
    while (transport.open() == 0) ToNextDue();
    EchoNext();
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
}

}  // namespace websub::tests
