// Stands in for the loop: other threads post tasks, the test's thread runs them when it wants to.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "tests/support/deadline.h"

namespace websub::tests {

class TaskQueue {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // For code that takes an executor. The queue must outlive it.
  std::function<void(std::function<void()>)> Executor() {
    return [this](std::function<void()> task) { Post(std::move(task)); };
  }

  // From any thread.
  void Post(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }

  // Runs tasks in the order posted until the predicate holds, which is asked before each. False:
  // the deadline came first.
  bool RunUntil(const std::function<bool()>& predicate, Deadline deadline) {
    while (!predicate()) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait_until(lock, deadline, [this] { return !tasks_.empty(); })) return false;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
    return true;
  }
  bool RunUntil(const std::function<bool()>& predicate,
                std::chrono::milliseconds patience = kTestDeadline) {
    return RunUntil(predicate, std::chrono::steady_clock::now() + patience);
  }

  // Runs what waits now, and what that posts; waits for nothing. Tells how many ran.
  std::size_t RunReady() {
    std::size_t ran = 0;
    for (;; ++ran) {
      std::function<void()> task;
      {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) return ran;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
};

}  // namespace websub::tests
