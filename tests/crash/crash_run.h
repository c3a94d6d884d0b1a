// The crash test: publishers and subscribers at work while the real hub is killed with SIGKILL at
// random moments and started again on the same file and port. At the end everything that the hub
// promised has to have happened.
//
// What takes part: publishers of content, of a hosted topic (PUT) and by ping; subscribers that
// now and then answer 500, answer late, reset the connection or break off; one who keeps
// subscribing and unsubscribing, and one who keeps renewing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/crash/ledger.h"

namespace websub::tests {

struct CrashOptions {
  int rounds = 200;  // kills
  std::uint64_t seed = 1;
  std::function<void(const std::string&)> on_line;  // told how it goes
};

struct CrashReport {
  int rounds = 0;
  int kills = 0;
  CrashCounts counts;
  std::size_t changes = 0;  // subscribe and unsubscribe requests that were answered 202
  std::size_t changes_lost = 0;
  std::vector<std::string> faults;  // a sentence each

  bool Ok() const;
  std::string Summary() const;
};

CrashReport RunCrashes(const CrashOptions& options);

}  // namespace websub::tests
