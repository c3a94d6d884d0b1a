#include "hub/rate_limiter.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text.h"

namespace websub::hub {

namespace {

constexpr std::int64_t kMostCount = 1'000'000;
constexpr Duration kLongestPer = std::chrono::hours(24 * 366);

std::int64_t InNanos(Duration duration) {
  return std::chrono::nanoseconds(duration).count();
}

}  // namespace

Result<Rate> ParseRate(std::string_view text) {
  const auto wrong =
      Fail(ErrorCode::kInvalid, Quote(text) + " is no rate: use 100/s, 600/m, 10000/h or 5/10s");
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return wrong;
  Rate rate;
  const auto [end, error] = std::from_chars(text.data(), text.data() + slash, rate.count);
  if (error != std::errc() || end != text.data() + slash) return wrong;
  if (rate.count < 1 || rate.count > kMostCount) return wrong;
  std::string unit(text.substr(slash + 1));
  if (unit.empty()) return wrong;
  if (!IsDigit(unit.front())) unit.insert(0, "1");
  const auto per = ParseDuration(unit);
  if (!per || *per <= Duration::zero() || *per > kLongestPer) return wrong;
  rate.per = *per;
  return rate;
}

std::string FormatRate(const Rate& rate) {
  std::string per = FormatDuration(rate.per);
  if (per.size() > 1 && per.front() == '1' && IsAlpha(per[1])) per.erase(0, 1);
  return std::to_string(rate.count) + "/" + per;
}

RateLimiter::RateLimiter(Rate rate, std::size_t max_keys)
    : rate_(rate),
      max_keys_(std::max<std::size_t>(max_keys, 1)),
      step_(InNanos(rate.per) / std::max<std::int64_t>(rate.count, 1)),
      span_(InNanos(rate.per)) {}

Duration RateLimiter::Take(const std::string& key, Time now) {
  const Nanos present = InNanos(now.time_since_epoch());
  const auto known = buckets_.find(key);
  Nanos full = present;
  if (known != buckets_.end()) {
    // Further ahead than its size: the clock was set back.
    full = std::clamp(known->second->first, present, present + span_);
  }
  const Nanos wait = full + step_ - (present + span_);
  if (wait <= 0) full += step_;
  if (known != buckets_.end()) {
    auto node = by_full_.extract(known->second);
    node.key() = full;
    known->second = by_full_.insert(std::move(node));
  } else {
    if (buckets_.size() >= max_keys_) Forget();
    const auto entry = buckets_.emplace(key, by_full_.end()).first;
    entry->second = by_full_.emplace(full, &entry->first);
  }
  if (wait <= 0) return Duration::zero();
  return std::chrono::ceil<Duration>(std::chrono::nanoseconds(wait));
}

void RateLimiter::Forget() {
  const auto fullest = by_full_.begin();
  const std::string key = *fullest->second;
  by_full_.erase(fullest);
  buckets_.erase(key);
}

std::int64_t RetryAfterSeconds(Duration wait) {
  return std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(wait).count(), 1);
}

}  // namespace websub::hub
