#include "core/lease.h"

#include <algorithm>

#include "core/saturate.h"
#include "core/text.h"

namespace websub {

std::optional<std::chrono::seconds> ParseLeaseSeconds(std::string_view text) {
  std::chrono::seconds lease{0};
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    lease = std::min(lease * 10 + std::chrono::seconds(c - '0'), kMaxLease);
  }
  if (lease.count() == 0) return std::nullopt;
  return lease;
}

std::chrono::seconds GrantLease(const LeasePolicy& policy,
                                std::optional<std::chrono::seconds> wish) {
  return std::min(std::max(wish.value_or(policy.by_default), policy.min), policy.max);
}

Time LeaseEnd(Time start, std::chrono::seconds lease) {
  return SaturatingAdd(start, SaturatingDuration(lease));
}

Time RenewAt(Time start, std::chrono::seconds lease) {
  const Duration whole = SaturatingDuration(lease);
  return SaturatingAdd(start, whole - whole / 3);
}

}  // namespace websub
