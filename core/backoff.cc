#include "core/backoff.h"

#include <algorithm>
#include <cstdint>

#include "core/saturate.h"
#include "core/text.h"

namespace websub {
namespace {

// base * 2^(n-1), at most max.
Duration Exponential(const RetryPolicy& policy, int n) {
  Duration wait = std::max(policy.base, Duration::zero());
  for (int i = 1; i < n && wait < policy.max && wait > Duration::zero(); ++i) {
    wait = wait > policy.max / 2 ? policy.max : wait * 2;
  }
  return std::min(wait, policy.max);
}

// The wait spread over [0.5, 1.5), at most max. A jitter outside of [0, 1) counts as the nearest
// inside.
Duration Spread(Duration wait, double jitter, Duration max) {
  const double factor = jitter > 0 ? 0.5 + std::min(jitter, 1.0) : 0.5;
  const double spread = static_cast<double>(wait.count()) * factor;
  if (spread >= static_cast<double>(max.count())) return max;
  return Duration(static_cast<std::int64_t>(spread));
}

}  // namespace

std::variant<TryAt, GiveUp> NextAttempt(const RetryPolicy& policy, const Failure& failure) {
  const int attempts = std::max(failure.attempts, 1);
  if (policy.retries && attempts > *policy.retries) {
    return GiveUp{"no success in " + std::to_string(attempts) +
                  (attempts == 1 ? " attempt" : " attempts")};
  }
  Duration wait = Spread(Exponential(policy, attempts), failure.jitter, policy.max);
  if (failure.retry_after) wait = std::max(wait, std::min(*failure.retry_after, policy.max));
  const Time at = SaturatingAdd(failure.now, wait);
  if (SaturatingDifference(at, failure.first_attempt) > policy.give_up_after) {
    return GiveUp{"no success within " + FormatDuration(policy.give_up_after)};
  }
  return TryAt{at};
}

std::optional<Duration> ParseRetryAfter(std::string_view value, Time now) {
  value = Trim(value);
  if (const auto date = ParseHttpDate(value)) {
    return std::max(SaturatingDifference(*date, now), Duration::zero());
  }
  if (value.empty()) return std::nullopt;
  constexpr std::chrono::seconds kMost{1'000'000'000'000};  // over 30,000 years
  std::chrono::seconds wait{0};
  for (const char c : value) {
    if (!IsDigit(c)) return std::nullopt;
    wait = std::min(wait * 10 + std::chrono::seconds(c - '0'), kMost);
  }
  return Duration(wait);
}

}  // namespace websub
