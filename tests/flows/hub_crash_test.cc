// Nothing that was accepted is lost, whenever the hub is killed. script/crash-test runs the same
// for longer.
#include <doctest/doctest.h>

#include <random>

#include "tests/crash/crash_run.h"

namespace websub::tests {
namespace {

TEST_CASE("a hub that is killed again and again loses and reorders nothing (HUB-DIS-08)") {
  CrashOptions options;
  options.rounds = 6;
  options.seed = std::random_device()();
  const auto report = RunCrashes(options);
  MESSAGE("seed " << options.seed << ": " << report.Summary());
  for (const auto& fault : report.faults) {
    INFO("seed " << options.seed << ": " << fault);
    CHECK(false);
  }
  CHECK(report.Ok());
  CHECK(report.kills == 6);
  CHECK(report.counts.accepted > 0);
}

}  // namespace
}  // namespace websub::tests
