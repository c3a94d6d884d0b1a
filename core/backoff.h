// When to try again, and when to give up (HUB-DIS-08).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/time.h"

namespace websub {

struct RetryPolicy {
  std::optional<int> retries = 12;  // after the first attempt; nothing: without limit
  Duration base = std::chrono::seconds(1);
  Duration max = std::chrono::hours(1);
  Duration give_up_after = std::chrono::hours(24);  // from the first attempt
};

struct Failure {
  int attempts = 1;    // made so far, this one included
  Time first_attempt;  // of the message
  Time now;
  double jitter = 0.5;                  // in [0, 1), random
  std::optional<Duration> retry_after;  // what the peer asked for
};

struct TryAt {
  Time at;
};
struct GiveUp {
  std::string reason;  // "no success in 13 attempts"
};

// The n-th retry waits base * 2^(n-1), at most max, spread by the jitter over [0.5, 1.5) of that
// and still at most max; never shorter than retry_after (which itself counts up to max). Gives up
// when the retries are used up, or when the next attempt would start later than give_up_after.
std::variant<TryAt, GiveUp> NextAttempt(const RetryPolicy& policy, const Failure& failure);

// The value of Retry-After: seconds or an HTTP date, as a wait from now. A date that has passed is
// zero.
std::optional<Duration> ParseRetryAfter(std::string_view value, Time now);

}  // namespace websub
