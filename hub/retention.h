// Has the store forget what is old, a step at a time, so that deliveries and publishes get in
// between.
#pragma once

#include <functional>

#include "hub/clock.h"
#include "hub/store/store.h"

namespace websub::hub {

// Used on the loop's thread only.
class Retention {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Retention(Store& store, const Clock& clock, RetentionPolicy policy, std::function<void()> wake);

  // Hands over a step where one is due; says when to be called next.
  Time Run(Time now);

 private:
  void Pruned(const Result<PruneProgress>& progress);

  Store& store_;
  const Clock& clock_;
  const RetentionPolicy policy_;
  std::function<void()> wake_;
  bool running_ = false;  // a step is with the store
  MessageId looked_at_ = 0;
  Time due_ = Time::min();
};

}  // namespace websub::hub
