#include "hub/hooks/hooks.h"

#include <array>

namespace websub::hub {

namespace {

constexpr std::array<std::string_view, 9> kNames = {
    "register_topic", "deregister_topic",          "update_message",
    "subscription",   "subscription_validation",   "subscription_intent_verified",
    "unsubscription", "unsubscription_validation", "unsubscription_intent_verified"};

}  // namespace

std::string_view Name(HookEvent event) {
  return kNames.at(static_cast<std::size_t>(event));
}

std::optional<HookEvent> ParseHookEvent(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<HookEvent>(i);
  }
  return std::nullopt;
}

}  // namespace websub::hub
