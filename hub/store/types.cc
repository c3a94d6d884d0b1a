#include "hub/store/types.h"

#include <array>
#include <utility>

namespace websub::hub {

namespace {

// These names stand in the database and in the API: they stay as they are.
constexpr std::array<std::pair<SubscriptionState, std::string_view>, 7> kStates = {{
    {SubscriptionState::kPending, "pending"},
    {SubscriptionState::kActive, "active"},
    {SubscriptionState::kUnverified, "unverified"},
    {SubscriptionState::kDenied, "denied"},
    {SubscriptionState::kUnsubscribed, "unsubscribed"},
    {SubscriptionState::kExpired, "expired"},
    {SubscriptionState::kGone, "gone"},
}};

}  // namespace

std::string_view Name(SubscriptionState state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "unknown";
}

std::optional<SubscriptionState> ParseSubscriptionState(std::string_view name) {
  for (const auto& [value, known] : kStates) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace websub::hub
