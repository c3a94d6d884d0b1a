#include "hub/store/writer.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace websub::hub {

namespace {

constexpr int kGivesWay = 10;  // steps of niceness

// The engine gave the transaction up, so that nothing of the group can be kept.
struct TransactionLost {
  Error error;
};

}  // namespace

void WriteHealth::Set(std::optional<Error> fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

std::optional<Error> WriteHealth::Get() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

Writer::Writer(std::unique_ptr<Database> database, Executor executor, WriteHealth& health,
               Durability kept)
    : database_(std::move(database)),
      executor_(std::move(executor)),
      health_(health),
      kept_(kept),
      thread_([this] { Loop(); }) {}

Writer::~Writer() {
  if (thread_.joinable()) Stop();
}

void Writer::Add(Operation operation) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(operation), std::nullopt});
  }
  wake_.notify_one();
}

void Writer::Stop() {
  reporting_->store(false);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::Loop() {
  ::pthread_setname_np(::pthread_self(), "store");  // for those who look at threads
  // Where there are fewer cores than threads with work, what is sent and received goes first:
  // writing down what was delivered waits well, and makes peers that sleep and wake wait badly. On
  // Linux this is the thread's own. Where it is refused nothing is lost.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()),
                ::getpriority(PRIO_PROCESS, 0) + kGivesWay);
  for (;;) {
    std::vector<Entry> group;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      group.swap(queue_);
    }
    Commit(group);
    Report(std::move(group));
  }
}

void Writer::Commit(std::vector<Entry>& group) {
  std::optional<Error> lost;
  try {
    SetFlushing(group);
    database_->Run("BEGIN IMMEDIATE");
    ApplyAll(group);
    database_->Run("COMMIT");
    UpdateHealth(group);
  } catch (const SQLite::Exception& exception) {
    lost = database_->Describe(exception);
  } catch (const TransactionLost& loss) {
    lost = loss.error;
  }
  if (!lost) return;
  try {
    if (database_->InTransaction()) database_->Run("ROLLBACK");
  } catch (const SQLite::Exception&) {
    // The reason that counts is the first one. A transaction that is still open makes the next
    // BEGIN fail, and its group is told so.
  }
  for (Entry& entry : group) entry.error = lost;
  health_.Set(lost);
}

// The engine takes the setting between transactions only, and never from a statement that was
// prepared before.
void Writer::SetFlushing(const std::vector<Entry>& group) {
  if (kept_ == Durability::kRepeatable) return;
  const bool all_repeatable = std::all_of(group.begin(), group.end(), [](const Entry& entry) {
    return entry.operation.durability == Durability::kRepeatable;
  });
  const Durability wanted = all_repeatable ? Durability::kRepeatable : Durability::kKept;
  if (flushing_ == wanted) return;
  database_->Script(all_repeatable ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL");
  flushing_ = wanted;
}

// The transaction is all of it: what has failed is undone by giving that up.
void Writer::ApplyAlone(Entry& entry) {
  Apply(entry);
  if (!entry.error) return;
  if (!database_->InTransaction()) throw TransactionLost{*entry.error};
  database_->Run("ROLLBACK");
  database_->Run("BEGIN IMMEDIATE");
}

// A savepoint for each copies every page that it touches, and nearly none is ever needed: so they
// run without first. Where one fails that has changed something, the group begins again.
bool Writer::ApplyTogether(std::vector<Entry>& group) {
  for (Entry& entry : group) {
    const std::int64_t changes = database_->TotalChanges();
    Apply(entry);
    if (entry.error && (!database_->InTransaction() || database_->TotalChanges() != changes)) {
      return false;
    }
  }
  return true;
}

void Writer::ApplyAll(std::vector<Entry>& group) {
  if (group.size() == 1) return ApplyAlone(group.front());
  if (ApplyTogether(group)) return;
  if (database_->InTransaction()) database_->Run("ROLLBACK");
  database_->Run("BEGIN IMMEDIATE");
  for (Entry& entry : group) {
    entry.error.reset();
    entry.fault = false;
    database_->Run("SAVEPOINT operation");
    Apply(entry);
    if (entry.error) {
      if (!database_->InTransaction()) throw TransactionLost{*entry.error};
      database_->Run("ROLLBACK TO operation");
    }
    database_->Run("RELEASE operation");
  }
}

void Writer::Apply(Entry& entry) {
  try {
    entry.error = entry.operation.apply(*database_);
  } catch (const SQLite::Exception& exception) {
    entry.error = database_->Describe(exception);
    entry.fault = true;
  } catch (const std::exception& exception) {
    entry.error =
        Error{ErrorCode::kInternal, std::string("unexpected failure: ") + exception.what()};
    entry.fault = true;
  }
}

// In order, so that the last write decides. One that was refused tells nothing about the disk.
void Writer::UpdateHealth(const std::vector<Entry>& group) {
  for (const Entry& entry : group) {
    if (entry.fault || !entry.error) health_.Set(entry.error);
  }
}

void Writer::Report(std::vector<Entry> group) {
  if (!reporting_->load()) return;
  executor_([reporting = reporting_, group = std::move(group)] {
    for (const Entry& entry : group) {
      if (!reporting->load()) return;  // a callback before closed the store
      entry.operation.report(entry.error);
    }
  });
}

}  // namespace websub::hub
