#include "cli/bench/waiter.h"

#include <algorithm>

namespace websub::cli::bench {
namespace {

using Clock = std::chrono::steady_clock;

// No clock runs over, however long a wait somebody asks for.
SteadyTime After(Duration wait) {
  return Clock::now() + std::min<Duration>(wait, std::chrono::hours(24 * 365));
}

}  // namespace

Waiter::Waiter(Signals& signals, Duration timeout, std::function<void()> tick)
    : tick_(std::move(tick)),
      deadline_(After(timeout)),
      watch_(signals.OnSignal([this](int signal) {
        const std::lock_guard lock(mutex_);
        if (signal_ == 0) signal_ = signal;
        changed_.notify_all();
      })) {}

int Waiter::signal() const {
  const std::lock_guard lock(mutex_);
  return signal_;
}

WaitEnd Waiter::For(const std::function<bool()>& done,
                    const std::function<std::uint64_t()>& activity, Duration idle) {
  std::uint64_t last = activity();
  SteadyTime idle_end = After(idle);
  std::unique_lock lock(mutex_);
  while (true) {
    if (signal_ != 0) return WaitEnd::kSignal;
    if (done()) return WaitEnd::kDone;
    const SteadyTime now = Clock::now();
    if (now >= deadline_) return WaitEnd::kTimeout;
    if (const std::uint64_t current = activity(); current != last) {
      last = current;
      idle_end = After(idle);
    }
    if (now >= idle_end) return WaitEnd::kIdle;
    if (now >= next_tick_) {
      next_tick_ = now + kTick;
      tick_();
    }
    changed_.wait_for(lock, kLook);
  }
}

}  // namespace websub::cli::bench
