// How long a subscription lasts (HUB-VER-04, HUB-VER-05, SUB-VER-04).
#pragma once

#include <chrono>
#include <optional>

#include "core/time.h"

namespace websub {

struct LeasePolicy {
  std::chrono::seconds by_default{864000};
  std::chrono::seconds min{1};
  std::chrono::seconds max{864000};
};

// What the hub grants: the wish within min and max, or the default within them.
std::chrono::seconds GrantLease(const LeasePolicy& policy, std::optional<std::chrono::seconds> wish);

// A lease that starts at `start` covers [start, end): at its end it is over. Saturates, never overflows.
Time LeaseEnd(Time start, std::chrono::seconds lease);

// When a subscriber renews: after two thirds of the lease, and at least a minute before the end where
// the lease is longer than three minutes.
Time RenewAt(Time start, std::chrono::seconds lease);

}  // namespace websub
