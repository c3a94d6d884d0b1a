// Waiting in a run of `bench`: for an end that is looked for, until nothing happens any more, the
// time is over, or a signal comes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "cli/bench/sink.h"
#include "cli/environment.h"
#include "core/time.h"

namespace websub::cli::bench {

enum class WaitEnd { kDone, kIdle, kTimeout, kSignal };

class Waiter {
 public:
  // `tick` is called a few times a second while a wait lasts.
  Waiter(Signals& signals, Duration timeout, std::function<void()> tick);

  // Looks at `done` every few milliseconds. Ends with kIdle when `activity` did not change for
  // `idle`; a run whose time is over or that got a signal never waits again.
  WaitEnd For(const std::function<bool()>& done, const std::function<std::uint64_t()>& activity,
              Duration idle);
  int signal() const;  // or 0

 private:
  static constexpr std::chrono::milliseconds kLook{2};
  static constexpr std::chrono::milliseconds kTick{100};

  const std::function<void()> tick_;
  const SteadyTime deadline_;
  SteadyTime next_tick_{};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int signal_ = 0;  // guarded by mutex_
  std::unique_ptr<Signals::Watch> watch_;
};

}  // namespace websub::cli::bench
