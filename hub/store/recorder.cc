#include "hub/store/recorder.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace websub::hub {

Recorder::Recorder(Store& store, const Clock& clock, RecorderOptions options,
                   std::function<void()> wake)
    : store_(store), clock_(clock), options_(options), wake_(std::move(wake)) {}

void Recorder::Add(Exchange exchange) {
  if (exchange.request_body.size() > options_.max_body) {
    exchange.request_body.resize(options_.max_body);
  }
  if (exchange.response_body.size() > options_.max_body) {
    exchange.response_body.resize(options_.max_body);
  }
  if (on_exchange) on_exchange(exchange);
  if (exchanges_.size() >= options_.max_waiting) {
    exchanges_.erase(exchanges_.begin(),
                     exchanges_.begin() + static_cast<std::ptrdiff_t>(options_.max_waiting / 2));
  }
  exchanges_.push_back(std::move(exchange));
  if (due_ == Time::max()) due_ = clock_.Now() + options_.flush_after;
  if (exchanges_.size() == 1 || exchanges_.size() == options_.flush_at) wake_();
}

void Recorder::Add(DeliveryOutcome outcome, Exchange exchange) {
  outcomes_.push_back(std::move(outcome));
  Add(std::move(exchange));
}

Time Recorder::Run(Time now) {
  const bool full = exchanges_.size() >= options_.flush_at;
  if (!busy_ && due_ != Time::max() && (now >= due_ || full)) HandOver(now);
  return busy_ ? Time::max() : due_;
}

void Recorder::Flush(std::function<void()> done) {
  flushing_.push_back(std::move(done));
  if (!busy_) HandOver(clock_.Now());
}

void Recorder::HandOver(Time) {
  busy_ = true;
  due_ = Time::max();
  handed_over_ = std::exchange(outcomes_, {});
  store_.Record(handed_over_, std::exchange(exchanges_, {}),
                [this](Result<std::vector<ExchangeId>> result) { Kept(std::move(result)); });
}

void Recorder::Kept(Result<std::vector<ExchangeId>> result) {
  busy_ = false;
  if (result) {
    auto kept = std::exchange(handed_over_, {});
    if (on_kept && !kept.empty()) on_kept(kept);
  } else {
    // Outcomes are kept for another try, ahead of newer ones: forgetting them would repeat
    // deliveries.
    outcomes_.insert(outcomes_.begin(), std::make_move_iterator(handed_over_.begin()),
                     std::make_move_iterator(handed_over_.end()));
    handed_over_.clear();
  }
  const bool waiting = !outcomes_.empty() || !exchanges_.empty();
  if (result && waiting && !flushing_.empty()) return HandOver(clock_.Now());
  for (auto& done : std::exchange(flushing_, {})) done();
  if (waiting) {
    due_ = clock_.Now() + (result ? options_.flush_after : options_.retry_after);
    wake_();
  }
}

}  // namespace websub::hub
