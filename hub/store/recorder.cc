#include "hub/store/recorder.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/mask_urls.h"

namespace websub::hub {

namespace {

std::size_t Bytes(const Exchange& exchange) {
  return sizeof(exchange) + exchange.url.size() + exchange.request_head.size() +
         exchange.request_body.size() + exchange.response_head.size() +
         exchange.response_body.size();
}

bool MayHoldCredentials(const std::string& text) {
  return text.find('@') != text.npos || text.find("%40") != text.npos;
}

template <typename Text>  // std::string or SharedText
void Mask(Text& text) {
  if (MayHoldCredentials(text)) text = MaskUrls(static_cast<const std::string&>(text));
}

// The password in a callback's URL is needed to call it, and shown to nobody.
void MaskCredentials(Exchange& exchange) {
  const bool same = exchange.url == exchange.callback;
  Mask(exchange.topic);
  Mask(exchange.callback);
  if (same) {
    exchange.url = exchange.callback;
  } else {
    Mask(exchange.url);
  }
  Mask(exchange.outcome);
  Mask(exchange.response_head);
  // It tells the operator's own code of the callback as it is.
  if (exchange.kind == ExchangeKind::kHook) Mask(exchange.request_body);
}

template <typename T>
void MoveToEnd(std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

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
  MaskCredentials(exchange);
  if (on_exchange) on_exchange(exchange);
  waiting_bytes_ += Bytes(exchange);
  waiting_.exchanges.push_back(std::move(exchange));
  DropOldest();
  if (due_ == Time::max()) due_ = clock_.Now() + options_.flush_after;
  const std::size_t count = waiting_.exchanges.size();
  if (count == 1 || count == options_.flush_at) wake_();
}

void Recorder::Add(DeliveryOutcome outcome, Exchange exchange) {
  waiting_.outcomes.push_back(std::move(outcome));
  Add(std::move(exchange));
}

Time Recorder::Run(Time now) {
  if (handed_over_) return Time::max();  // its answer wakes us
  // While writes fail a full batch waits for its time like any other.
  const bool full = !failing_ && waiting_.exchanges.size() >= options_.flush_at;
  if (due_ != Time::max() && (now >= due_ || full)) HandOver();
  return handed_over_ ? Time::max() : due_;
}

void Recorder::Flush(std::function<void()> done) {
  flushing_.push_back(std::move(done));
  if (!handed_over_) HandOver();
}

void Recorder::HandOver() {
  due_ = Time::max();
  waiting_bytes_ = 0;
  handed_over_ = std::make_shared<RecordBatch>(std::exchange(waiting_, {}));
  store_.Record(handed_over_,
                [this](const Result<std::vector<ExchangeId>>& result) { Kept(result); });
}

// Outcomes go ahead of newer ones: forgetting them would repeat deliveries.
void Recorder::TakeBack(RecordBatch batch) {
  MoveToEnd(waiting_.outcomes, batch.outcomes);
  MoveToEnd(waiting_.exchanges, batch.exchanges);
  waiting_ = std::move(batch);
  waiting_bytes_ = 0;
  for (const Exchange& exchange : waiting_.exchanges) waiting_bytes_ += Bytes(exchange);
  DropOldest();
}

void Recorder::DropOldest() {
  auto& exchanges = waiting_.exchanges;
  if (exchanges.size() <= options_.max_waiting && waiting_bytes_ <= options_.max_waiting_bytes) {
    return;
  }
  // Half at a time, so that it costs little for each that comes. The newest stays in any case.
  std::size_t gone = 0;
  while (gone + 1 < exchanges.size() && (exchanges.size() - gone > options_.max_waiting / 2 ||
                                         waiting_bytes_ > options_.max_waiting_bytes / 2)) {
    waiting_bytes_ -= Bytes(exchanges[gone++]);
  }
  exchanges.erase(exchanges.begin(), exchanges.begin() + static_cast<std::ptrdiff_t>(gone));
}

void Recorder::Kept(const Result<std::vector<ExchangeId>>& result) {
  const std::shared_ptr<RecordBatch> batch = std::exchange(handed_over_, nullptr);
  failing_ = !result;
  if (failing_) {
    TakeBack(std::move(*batch));
  } else if (on_kept && !batch->outcomes.empty()) {
    on_kept(batch->outcomes);
  }
  const bool waiting = !waiting_.outcomes.empty() || !waiting_.exchanges.empty();
  if (result && waiting && !flushing_.empty()) return HandOver();
  if (waiting) {
    due_ = clock_.Now() + (result ? options_.flush_after : options_.retry_after);
    wake_();
  }
  // Last: what waited for the flush may end this.
  for (auto& done : std::exchange(flushing_, {})) done();
}

}  // namespace websub::hub
