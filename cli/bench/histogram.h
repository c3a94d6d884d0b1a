// How long things took: counts in buckets, so that any number of them takes the same memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/time.h"

namespace websub::cli::bench {

// Exact below 256 µs; above, a percentile is at most 1/128 too high. The greatest value is exact.
class Histogram {
 public:
  void Add(Duration value);  // a negative one counts as zero
  std::uint64_t count() const { return count_; }
  // The smallest value that `percent` of the values do not exceed (nearest rank), 0 < percent <=
  // 100. Nothing where there are no values.
  std::optional<Duration> Percentile(double percent) const;
  std::optional<Duration> Max() const;

 private:
  static constexpr int kBits = 8;
  static constexpr std::size_t kPerRange = 1U << kBits;
  static constexpr std::size_t kRanges = 40 - kBits;  // up to 2^40 µs, twelve days
  static std::size_t BucketOf(std::uint64_t value);
  static std::uint64_t UpperEnd(std::size_t bucket);

  std::array<std::uint64_t, kPerRange*(kRanges + 1)> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace websub::cli::bench
