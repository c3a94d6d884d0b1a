// What `websub serve` prints about the exchanges as they happen.
#pragma once

#include <cstddef>

#include "cli/environment.h"
#include "cli/output.h"
#include "core/exchange.h"
#include "hub/http/loop.h"

namespace websub::cli {

// On the loop's thread. For people: a line for each exchange, but in a second that brings more than
// they can read only the first ones and the first that failed, and then how many more there were:
// printing must not slow the hub down. With --json every one.
class ServeLog {
 public:
  static constexpr std::size_t kShown = 50;  // lines a second, and as many of failures

  ServeLog(Environment& environment, Output& output, hub::http::Loop& loop);

  void Print(const Exchange& exchange);
  // Tells how many were not shown, and begins a new second.
  void Fold();

 private:
  Environment& environment_;
  Output& output_;
  hub::http::Timer timer_;
  Time began_ = Time::min();
  std::size_t shown_ = 0;
  std::size_t failures_shown_ = 0;
  std::size_t folded_ = 0;
  std::size_t failures_folded_ = 0;
};

}  // namespace websub::cli
