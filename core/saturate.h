// Sums of times that stop at the ends of their range instead of overflowing.
#pragma once

#include <chrono>

#include "core/time.h"

namespace websub {

constexpr Time SaturatingAdd(Time time, Duration duration) {
  if (duration > Duration::zero() && time > Time::max() - duration) return Time::max();
  if (duration < Duration::zero() && time < Time::min() - duration) return Time::min();
  return time + duration;
}

constexpr Duration SaturatingDuration(std::chrono::seconds seconds) {
  constexpr auto kMax = std::chrono::duration_cast<std::chrono::seconds>(Duration::max());
  if (seconds > kMax) return Duration::max();
  if (seconds < -kMax) return -Duration::max();
  return seconds;
}

// later - earlier.
constexpr Duration SaturatingDifference(Time later, Time earlier) {
  const Duration a = later.time_since_epoch();
  const Duration b = earlier.time_since_epoch();
  if (b < Duration::zero() && a > Duration::max() + b) return Duration::max();
  if (b > Duration::zero() && a < Duration::min() + b) return Duration::min();
  return a - b;
}

}  // namespace websub
