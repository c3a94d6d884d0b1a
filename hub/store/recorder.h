// Gathers what happens (exchanges, outcomes of deliveries) and hands it to the store in batches: a
// commit for each would cost more than the delivery itself. What a crash can lose is one batch:
// deliveries in it are repeated, never lost.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "hub/clock.h"
#include "hub/store/store.h"

namespace websub::hub {

struct RecorderOptions {
  Duration flush_after = std::chrono::milliseconds(20);  // from the first that waits
  std::size_t flush_at = 1000;                           // outcomes and exchanges
  std::size_t behind_at = 8000;                          // exchanges that wait
  std::size_t max_body = 256 * 1024;  // bytes kept of a request's or answer's body
  // Exchanges kept while the store takes no writes: beyond either, the older half goes. Outcomes
  // never go.
  std::size_t max_waiting = 20000;
  std::size_t max_waiting_bytes = 64 * 1024 * 1024;
  Duration retry_after = std::chrono::milliseconds(500);  // while the store takes no writes
};

// Used on the loop's thread only.
class Recorder {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Recorder(Store& store, const Clock& clock, RecorderOptions options, std::function<void()> wake);

  void Add(Exchange exchange);
  void Add(DeliveryOutcome outcome, Exchange exchange);

  // Hands over what is due; says when to be called next (Time::max() where nothing waits).
  Time Run(Time now);
  // Hands over everything now and calls `done` once it is kept, or could not be.
  void Flush(std::function<void()> done);

  // More waits than the store takes at once, although it takes writes: whoever makes exchanges by
  // himself does well to wait until outcomes are kept.
  bool IsBehind() const { return !failing_ && waiting_.exchanges.size() >= options_.behind_at; }

  // Exchanges that the store has not taken yet.
  std::size_t waiting() const {
    return waiting_.exchanges.size() + (handed_over_ ? handed_over_->exchanges.size() : 0);
  }

  // Told of each exchange at once, before it is kept (its id is not known yet).
  std::function<void(const Exchange&)> on_exchange;
  // Told of outcomes that are kept.
  std::function<void(const std::vector<DeliveryOutcome>&)> on_kept;

 private:
  void HandOver();
  void TakeBack(RecordBatch batch);
  void DropOldest();
  void Kept(const Result<std::vector<ExchangeId>>& result);

  Store& store_;
  const Clock& clock_;
  RecorderOptions options_;
  std::function<void()> wake_;
  RecordBatch waiting_;
  std::size_t waiting_bytes_ = 0;             // of its exchanges
  std::shared_ptr<RecordBatch> handed_over_;  // until the store has answered: one at a time, so
                                              // that outcomes stay in order
  bool failing_ = false;                      // the last batch could not be kept
  Time due_ = Time::max();
  std::vector<std::function<void()>> flushing_;
};

}  // namespace websub::hub
