#include "cli/bench/check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "core/text.h"
#include "core/time.h"

namespace websub::cli::bench {
namespace {

enum class Unit { kTime, kCount };

struct Metric {
  std::string_view name;
  Unit unit;
};

constexpr std::array kMetrics = {
    Metric{"p50", Unit::kTime},
    Metric{"p95", Unit::kTime},
    Metric{"p99", Unit::kTime},
    Metric{"max", Unit::kTime},
    Metric{"burst", Unit::kTime},
    Metric{"deliveries_per_second", Unit::kCount},
    Metric{"accepts_per_second", Unit::kCount},
    Metric{"lost", Unit::kCount},
    Metric{"duplicated", Unit::kCount},
    Metric{"out_of_order", Unit::kCount},
};

struct Operator {
  std::string_view sign;
  Comparison comparison;
};

// The longer ones first: each is looked for in turn.
constexpr std::array kOperators = {
    Operator{">=", Comparison::kGreaterOrEqual}, Operator{"<=", Comparison::kLessOrEqual},
    Operator{"==", Comparison::kEqual},          Operator{"!=", Comparison::kUnequal},
    Operator{">", Comparison::kGreater},         Operator{"<", Comparison::kLess},
    Operator{"=", Comparison::kEqual},
};

const Metric* Find(std::string_view name) {
  const auto* const found = std::find_if(kMetrics.begin(), kMetrics.end(),
                                         [&](const Metric& each) { return each.name == name; });
  return found == kMetrics.end() ? nullptr : found;
}

std::string MetricNames() {
  std::string names;
  for (const Metric& metric : kMetrics) {
    names += (names.empty() ? "" : ", ") + std::string(metric.name);
  }
  return names;
}

Result<double> ParseCount(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  // What strtod takes besides: hex, inf and nan.
  const bool plain = text.find_first_not_of("0123456789.") == std::string::npos;
  if (text.empty() || !plain || *end != '\0') {
    return Fail(ErrorCode::kInvalid, Quote(text) + " is no number");
  }
  return number;
}

Result<double> ParseLimit(Unit unit, const std::string& text) {
  if (unit == Unit::kCount) return ParseCount(text);
  return ParseDuration(text).map(
      [](Duration limit) { return std::chrono::duration<double>(limit).count(); });
}

bool Holds(double value, Comparison comparison, double limit) {
  switch (comparison) {
    case Comparison::kLess:
      return value < limit;
    case Comparison::kLessOrEqual:
      return value <= limit;
    case Comparison::kGreater:
      return value > limit;
    case Comparison::kGreaterOrEqual:
      return value >= limit;
    case Comparison::kEqual:
      return value == limit;
    case Comparison::kUnequal:
      break;
  }
  return value != limit;
}

std::string Written(const Metric& metric, double value) {
  if (metric.unit == Unit::kTime) {
    return FormatDuration(Duration(std::llround(value * 1e6)));
  }
  return std::to_string(std::llround(value));
}

}  // namespace

Result<FailIf> ParseFailIf(const std::string& text) {
  const std::size_t at = text.find_first_of("<>=!");
  const std::string_view rest = std::string_view(text).substr(std::min(at, text.size()));
  const auto* const sign =
      std::find_if(kOperators.begin(), kOperators.end(),
                   [&](const auto& each) { return rest.starts_with(each.sign); });
  if (sign == kOperators.end()) {
    return Fail(ErrorCode::kInvalid, "use METRIC>VALUE, as in p95>200ms (also <, >=, <=, ==, !=)");
  }
  FailIf check;
  check.text = text;
  check.metric = Trim(std::string_view(text).substr(0, at));
  check.comparison = sign->comparison;
  const Metric* const metric = Find(check.metric);
  if (metric == nullptr) {
    return Fail(ErrorCode::kInvalid, Quote(check.metric) + " is none of " + MetricNames());
  }
  const auto limit = ParseLimit(metric->unit, std::string(Trim(rest.substr(sign->sign.size()))));
  if (!limit) return tl::unexpected(limit.error());
  check.limit = *limit;
  return check;
}

std::optional<std::string> Violation(const FailIf& check, const Metrics& metrics) {
  const auto found = metrics.find(check.metric);
  if (found == metrics.end()) return check.text + ": " + check.metric + " could not be measured";
  if (!Holds(found->second, check.comparison, check.limit)) return std::nullopt;
  return check.text + ": " + check.metric + " is " + Written(*Find(check.metric), found->second);
}

}  // namespace websub::cli::bench
