// The event loop: one thread on which the hub's network, timers and decisions happen.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "core/time.h"

namespace websub::hub::http {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs on the calling thread until Stop. An exception that a callback throws leaves Run.
  void Run();
  // From any thread; Run returns once the callback under way has ended.
  void Stop();
  // From any thread: calls `task` on the loop's thread, in the order posted.
  void Post(std::function<void()> task);
  // Calls `handler` on the loop's thread for each of these signals, instead of what they do by
  // default.
  void OnSignals(std::initializer_list<int> signals, std::function<void(int)> handler);

  struct Impl;
  Impl& impl() { return *impl_; }  // for the classes of this room

 private:
  std::unique_ptr<Impl> impl_;
};

// A single timer. Used on the loop's thread only; dropping it cancels it.
class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  // Replaces what was set before. `task` runs after `wait` (at once where it is zero or less).
  void Set(Duration wait, std::function<void()> task);
  void Cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace websub::hub::http
