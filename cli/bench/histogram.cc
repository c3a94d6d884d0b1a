#include "cli/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace websub::cli::bench {

// The first 256 buckets hold one value each. Every range behind them is twice as wide as the one
// before, in 256 buckets, of which the lower half would repeat what came before and stays empty.
std::size_t Histogram::BucketOf(std::uint64_t value) {
  constexpr std::uint64_t kGreatest = (std::uint64_t{1} << 40) - 1;
  const std::uint64_t bounded = std::min(value, kGreatest);
  if (bounded < kPerRange) return bounded;
  const int shift = std::bit_width(bounded) - kBits;
  return static_cast<std::size_t>(shift) * kPerRange + (bounded >> shift);
}

std::uint64_t Histogram::UpperEnd(std::size_t bucket) {
  const std::size_t shift = bucket / kPerRange;
  return ((bucket % kPerRange + 1) << shift) - 1;
}

void Histogram::Add(Duration value) {
  const auto microseconds = static_cast<std::uint64_t>(std::max<Duration::rep>(0, value.count()));
  ++buckets_[BucketOf(microseconds)];
  ++count_;
  max_ = std::max(max_, microseconds);
}

std::optional<Duration> Histogram::Percentile(double percent) const {
  if (count_ == 0) return std::nullopt;
  const double exact = std::ceil(percent / 100 * static_cast<double>(count_) - 1e-9);
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(exact), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= rank) return Duration(std::min(UpperEnd(bucket), max_));
  }
  return Duration(max_);
}

std::optional<Duration> Histogram::Max() const {
  if (count_ == 0) return std::nullopt;
  return Duration(max_);
}

}  // namespace websub::cli::bench
