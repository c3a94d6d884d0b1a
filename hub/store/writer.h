// Group commit. One thread takes all operations that wait, runs them in one transaction, commits
// once, and only then reports. What fails is undone alone. The more callers there are, the more of
// them share the cost of one flush to the disk; a lone caller waits for nobody.
//
// Operations that may be repeated after a loss of power need no flush of their own: a group of
// them alone is written and not flushed. The log is flushed as a whole with the next group that
// needs it, and is valid up to a whole transaction at any time (each frame's checksum covers those
// before it, and a checkpoint flushes the log before it touches the file): what the loss of power
// can take is a number of the latest transactions, none of which was answered. The end of the
// process alone takes nothing.
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

// What is left of it after a loss of power.
enum class Durability {
  kKept,        // all, once it is reported
  kRepeatable,  // perhaps nothing: what it tells happens again then
};

class Writer {
 public:
  struct Operation {
    // On the writer's thread, and perhaps again after all that it did was undone. An error that is
    // returned undoes what this operation did.
    std::function<std::optional<Error>(Database&)> apply;
    // Through the executor, after the commit; nothing where the operation is on disk.
    std::function<void(const std::optional<Error>&)> report;
    Durability durability = Durability::kKept;
  };
  using Executor = std::function<void(std::function<void()>)>;

  // Where nothing is to be kept (a database in memory), `kept` is kRepeatable: nothing is flushed.
  Writer(std::unique_ptr<Database> database, Executor executor, WriteHealth& health,
         Durability kept = Durability::kKept);
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
  void SetFlushing(const std::vector<Entry>& group);
  bool ApplyTogether(std::vector<Entry>& group);
  void ApplyAll(std::vector<Entry>& group);
  void ApplyAlone(Entry& entry);
  void Apply(Entry& entry);
  void UpdateHealth(const std::vector<Entry>& group);
  void Report(std::vector<Entry> group);

  std::unique_ptr<Database> database_;
  Executor executor_;
  WriteHealth& health_;
  const Durability kept_;
  std::optional<Durability> flushing_;  // how the engine is set
  // Outlives this in tasks that the executor still holds.
  std::shared_ptr<std::atomic<bool>> reporting_ = std::make_shared<std::atomic<bool>>(true);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> queue_;  // guarded by mutex_
  bool stopping_ = false;     // guarded by mutex_
  std::thread thread_;        // last: starts when all else is there
};

}  // namespace websub::hub
