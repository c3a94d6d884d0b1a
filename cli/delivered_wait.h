// Asks a hub of ours how far the delivery of a message has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/http_call.h"
#include "core/result.h"

namespace websub::cli {

// How a question to the hub's API ended, where it brought no answer.
struct QueryFailure {
  ExitStatus status = ExitStatus::kNetwork;
  std::string sentence;
};
template <typename T>
using Query = tl::expected<T, QueryFailure>;

struct DeliveryProgress {
  std::string message;      // "m12"
  long long delivered = 0;  // subscriptions that have it
  long long pending = 0;
  long long dead = 0;
};

// The number in a message's id: 12 of "m12"; ids grow with every message of a hub.
std::optional<std::int64_t> MessageNumber(std::string_view id);

// Whom to ask, and the token of the hub's API; empty: none.
struct HubApi {
  HttpCaller& caller;
  std::string token;
};

// The id of the newest message of the topic, or empty where there is none. kUsage where that hub
// has no such API: it is not ours. kHubRefused where it wants another token.
Query<std::string> NewestMessage(const HubApi& api, const std::string& hub,
                                 const std::string& topic);

Query<DeliveryProgress> AskProgress(const HubApi& api, const std::string& hub,
                                    const std::string& message);

}  // namespace websub::cli
