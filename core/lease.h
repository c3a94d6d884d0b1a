// How long a subscription lasts (HUB-VER-04, HUB-VER-05, SUB-VER-04).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/time.h"

namespace websub {

struct LeasePolicy {
  std::chrono::seconds by_default{864000};
  std::chrono::seconds min{1};
  std::chrono::seconds max{864000};
};

// Longer than anybody means, and far from where arithmetic ends: a hundred years.
inline constexpr std::chrono::seconds kMaxLease{3155760000};

// The value of hub.lease_seconds: a positive whole number, as the specification says; nothing for
// anything else. A longer one than kMaxLease is read as kMaxLease.
std::optional<std::chrono::seconds> ParseLeaseSeconds(std::string_view text);

// What the hub grants: the wish within min and max, or the default within them. Where min is above
// max, max counts.
std::chrono::seconds GrantLease(const LeasePolicy& policy,
                                std::optional<std::chrono::seconds> wish);

// A lease that starts at `start` covers [start, end): at its end it is over. Saturates, never
// overflows.
Time LeaseEnd(Time start, std::chrono::seconds lease);

// When a subscriber renews: after two thirds of the lease, which is at least a minute before the
// end where the lease is three minutes or longer.
Time RenewAt(Time start, std::chrono::seconds lease);

}  // namespace websub
