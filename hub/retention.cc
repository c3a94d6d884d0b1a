#include "hub/retention.h"

#include <utility>

namespace websub::hub {

namespace {

// Between two steps while there is more to do: a step takes about as long, so that the writer is
// free for half of the time, and keeps up with the fastest fan-out all the same.
constexpr Duration kPause = std::chrono::milliseconds(5);
// Between two looks: short, because a fan-out makes a hundred thousand exchanges in it.
constexpr Duration kInterval = std::chrono::seconds(2);
// While the store takes no writes.
constexpr Duration kRetry = std::chrono::seconds(10);

}  // namespace

Retention::Retention(Store& store, const Clock& clock, RetentionPolicy policy,
                     std::function<void()> wake)
    : store_(store), clock_(clock), policy_(policy), wake_(std::move(wake)) {}

Time Retention::Run(Time now) {
  if (running_) return Time::max();  // its answer wakes us
  // A wall clock that was set back must not keep it from its work for long.
  if (due_ > now + kRetry) due_ = now;
  if (now < due_) return due_;
  running_ = true;
  store_.Prune(policy_, looked_at_, now,
               [this](const Result<PruneProgress>& progress) { Pruned(progress); });
  return Time::max();
}

void Retention::Pruned(const Result<PruneProgress>& progress) {
  running_ = false;
  looked_at_ = progress ? progress->looked_at : 0;
  const Duration wait = !progress ? kRetry : progress->more ? kPause : kInterval;
  due_ = clock_.Now() + wait;
  wake_();
}

}  // namespace websub::hub
