// How `bench` says what it measured.
#pragma once

#include <string>
#include <vector>

#include "cli/bench/check.h"
#include "cli/bench/run.h"
#include "cli/output.h"
#include "cli/table.h"

namespace websub::cli {

// All numbers, with their units in the names; null where there was nothing to measure.
Json BenchJson(const bench::RunSettings& settings, const bench::RunResult& result,
               const std::vector<std::string>& failed_checks);

// The numbers that --fail-if knows.
bench::Metrics MetricsOf(const bench::RunNumbers& numbers);

// The table for people: what, how much, and what to know about it.
std::vector<Table::Row> BenchRows(const bench::RunSettings& settings,
                                  const bench::RunNumbers& numbers);

// "812 µs", "12.3 ms", "1.23 s".
std::string ShortDuration(Duration duration);
// "45,120".
std::string Grouped(std::uint64_t number);

}  // namespace websub::cli
