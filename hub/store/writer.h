// Group commit. One thread takes all operations that wait, runs them in one transaction, each
// within a savepoint of its own, commits once, and only then reports. The more callers there are,
// the more of them share the cost of one flush to the disk; a lone caller waits for nobody.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/result.h"
#include "hub/store/database.h"

namespace websub::hub {

// The last failure to write, until a write succeeds. Any thread.
class WriteHealth {
 public:
  void Set(std::optional<Error> fault);
  std::optional<Error> Get() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Error> fault_;  // guarded by mutex_
};

class Writer {
 public:
  struct Operation {
    // On the writer's thread. An error that is returned undoes what this operation did.
    std::function<std::optional<Error>(Database&)> apply;
    // Through the executor, after the commit; nothing where the operation is on disk.
    std::function<void(const std::optional<Error>&)> report;
  };
  using Executor = std::function<void(std::function<void()>)>;

  Writer(std::unique_ptr<Database> database, Executor executor, WriteHealth& health);
  ~Writer();

  void Add(Operation operation);
  // Commits what waits and ends the thread. Nothing is reported from now on. Called once, on the
  // thread that the executor runs tasks on.
  void Stop();

 private:
  struct Entry {
    Operation operation;
    std::optional<Error> error;
    bool fault = false;  // the error is the store's, not the caller's
  };

  void Loop();
  void Commit(std::vector<Entry>& group);
  void ApplyAll(std::vector<Entry>& group);
  void Apply(Entry& entry);
  void UpdateHealth(const std::vector<Entry>& group);
  void Report(std::vector<Entry> group);

  std::unique_ptr<Database> database_;
  Executor executor_;
  WriteHealth& health_;
  // Outlives this in tasks that the executor still holds.
  std::shared_ptr<std::atomic<bool>> reporting_ = std::make_shared<std::atomic<bool>>(true);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> queue_;  // guarded by mutex_
  bool stopping_ = false;     // guarded by mutex_
  std::thread thread_;        // last: starts when all else is there
};

}  // namespace websub::hub
