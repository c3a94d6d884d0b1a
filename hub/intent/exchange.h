// What verification and denial record of themselves. Private to hub/intent.
#pragma once

#include <string>

#include "core/exchange.h"
#include "hub/store/types.h"
#include "hub/transport.h"

namespace websub::hub {

Exchange StartExchange(ExchangeKind kind, const std::string& topic, const std::string& callback,
                       SubscriptionId subscription, int attempt, Time now);

// A fault of the network, 5xx and 429 may pass; everything else is an answer, and what the policy
// forbids stays forbidden.
bool MayPass(const OutgoingResult& result);

}  // namespace websub::hub
