// A clock that stands still until a test moves it.
#pragma once

#include <atomic>

#include "hub/clock.h"

namespace websub::tests {

// Any thread may read it while the test moves it.
class ManualClock : public hub::Clock {
 public:
  // Starts on 2026-01-02 03:04:05 UTC: no round number, so that a forgotten time shows.
  ManualClock() : ManualClock(Time(std::chrono::seconds(1767323045))) {}
  explicit ManualClock(Time start) : now_(start.time_since_epoch().count()) {}

  Time Now() const override { return Time(Duration(now_.load())); }
  void Set(Time now) { now_.store(now.time_since_epoch().count()); }
  void Advance(Duration step) { now_.fetch_add(step.count()); }

 private:
  std::atomic<Duration::rep> now_;
};

}  // namespace websub::tests
