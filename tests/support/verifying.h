// Requests that are verified, one after the other.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/verification.h"
#include "hub/intent/verifier.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

inline Verification Asked(const FakeTransport::Call& call) {
  const auto query = ParseCallbackQuery(call.url().substr(call.url().find('?') + 1));
  REQUIRE(query.has_value());
  REQUIRE(std::holds_alternative<Verification>(*query));
  return std::get<Verification>(*query);
}
inline hub::OutgoingResult Echo(const FakeTransport::Call& call) {
  return Answer(200, Asked(call).challenge);
}

class Verifying : public HubRig {
 public:
  inline static const std::string kTopic = "https://t.example/feed?a=1&b=%26";
  inline static const std::string kCallback = "https://s.example/cb?own=1%2B1&x";

  void Begin(Mode mode = Mode::kSubscribe, const std::string& secret = "",
             std::chrono::seconds lease = 3600s) {
    AskAndWake(mode, kTopic, kCallback, secret, lease);
    Settle();
  }
  void Deny(const hub::Subscription& subscription, const std::string& reason) {
    REQUIRE(Wait<void>([&](auto done) {
              store->EndSubscription(subscription.id, hub::SubscriptionState::kDenied, reason,
                                     clock.Now(), done);
            }).has_value());
    verifier->Wake();
    Settle();
  }
  const FakeTransport::Call& Last() { return transport.calls.back(); }
  void EchoNext() { Reply(Echo(transport.calls[*transport.NextOpen()])); }
  void Reply(hub::OutgoingResult result) {
    transport.AnswerNext(std::move(result));
    Settle();
  }
  std::optional<hub::Subscription> InForce() { return store->FindSubscription(kTopic, kCallback); }
  std::string Outcome() { return Outcomes(ExchangeKind::kVerify).back(); }
};

}  // namespace websub::tests
