#include "cli/bench/histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace websub::cli::bench {
namespace {

TEST_CASE("percentiles of small values are exact by nearest rank") {
  Histogram histogram;
  for (const int value : {35, 20, 15, 50, 40}) histogram.Add(Duration(value));
  CHECK(histogram.Percentile(5) == Duration(15));
  CHECK(histogram.Percentile(20) == Duration(15));
  CHECK(histogram.Percentile(21) == Duration(20));
  CHECK(histogram.Percentile(40) == Duration(20));
  CHECK(histogram.Percentile(50) == Duration(35));
  CHECK(histogram.Percentile(100) == Duration(50));
  CHECK(histogram.Max() == Duration(50));
}

TEST_CASE("without values there is no percentile") {
  CHECK_FALSE(Histogram().Percentile(50));
  CHECK_FALSE(Histogram().Max());
}

TEST_CASE("values at the edges of their range have a place") {
  for (const long long value : {0LL, 255LL, 256LL, 257LL, 511LL, 512LL, 65535LL, 1LL << 39,
                                (1LL << 40) - 1, 1LL << 40, 1LL << 60}) {
    CAPTURE(value);
    Histogram histogram;
    histogram.Add(Duration(value));
    CHECK(histogram.Max() == Duration(value));
    CHECK(histogram.Percentile(50)->count() == std::min(value, (1LL << 40) - 1));
  }
  Histogram negative;
  negative.Add(Duration(-5));
  CHECK(negative.Percentile(50) == Duration(0));
}

TEST_CASE("percentiles are never too low and at most 1 in 128 too high") {
  std::mt19937_64 random(3);
  Histogram histogram;
  std::vector<long long> values;
  for (int each = 0; each < 20000; ++each) {
    const auto value = static_cast<long long>(random() >> (24 + random() % 40));
    values.push_back(value);
    histogram.Add(Duration(value));
  }
  std::sort(values.begin(), values.end());
  for (const std::size_t permille : {1, 10, 250, 500, 950, 990, 999, 1000}) {
    CAPTURE(permille);
    const double percent = static_cast<double>(permille) / 10;
    const long long exact = values[permille * 20 - 1];
    const long long got = histogram.Percentile(percent)->count();
    CHECK(got >= exact);
    CHECK(static_cast<double>(got) <= static_cast<double>(exact) * (1 + 1.0 / 128) + 1);
  }
}

}  // namespace
}  // namespace websub::cli::bench
