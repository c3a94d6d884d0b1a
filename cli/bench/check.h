// What --fail-if says: a number of the run and the limit that it must not break.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"

namespace websub::cli::bench {

enum class Comparison { kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kEqual, kUnequal };

struct FailIf {
  std::string metric;
  Comparison comparison = Comparison::kGreater;
  double limit = 0;  // seconds where the metric is a time
  std::string text;  // as it was written
};

// What a run measured, by the metric's name; times in seconds. What could not be measured is
// absent.
using Metrics = std::map<std::string, double>;

// "p95>200ms", "deliveries_per_second < 10000", "lost!=0". kInvalid says what is wrong, with the
// list of metrics where the name is none.
Result<FailIf> ParseFailIf(const std::string& text);

// Why the run fails this check, or nothing. A number that could not be measured fails every check.
std::optional<std::string> Violation(const FailIf& check, const Metrics& metrics);

}  // namespace websub::cli::bench
