// Where a store's answers wait until the thread that asked takes them.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace websub::bench {

class Answers {
 public:
  std::function<void(std::function<void()>)> Executor() {
    return [this](std::function<void()> task) {
      {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
      }
      wake_.notify_one();
    };
  }

  // Runs tasks as they come until `done` is true.
  template <typename Condition>
  void RunUntil(Condition done) {
    while (!done()) {
      std::vector<std::function<void()>> ready;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return !tasks_.empty(); });
        ready.swap(tasks_);
      }
      for (auto& task : ready) task();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::function<void()>> tasks_;  // guarded by mutex_
};

}  // namespace websub::bench
