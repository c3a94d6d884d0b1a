#include "hub/hooks/asker.h"

#include <algorithm>
#include <utility>

#include "hub/hooks/answer.h"

namespace websub::hub {

Asker::Asker(std::unique_ptr<HookLine> line, const HookOptions& options, const Clock& clock,
             HookOutlets outlets)
    : options_(options), clock_(clock), outlets_(std::move(outlets)), line_(std::move(line)) {}

bool Asker::Wants(HookEvent event) const {
  return options_.events.empty() ||
         std::find(options_.events.begin(), options_.events.end(), event) != options_.events.end();
}

void Asker::Ask(HookQuestion question, std::function<void(HookAnswer)> done) {
  Waiting asked{std::move(question), std::move(done), clock_.Now()};
  if (waiting_.size() >= options_.max_waiting && under_way_ >= options_.concurrency) {
    outlets_.post([this, still = std::weak_ptr(alive_), asked = std::move(asked)] {
      if (!still.lock()) return;
      Finish(asked, asked.asked_at,
             {HookFault{"more than " + std::to_string(options_.max_waiting) +
                        " questions wait for it already"},
              {},
              {}});
    });
    return;
  }
  waiting_.push_back(std::move(asked));
  StartWhatMay();
}

// The time-out of those that wait needs no timer: whatever is under way was asked earlier and so is
// over earlier, at the latest a moment after their own time is up.
void Asker::StartWhatMay() {
  while (under_way_ < options_.concurrency && !waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    Start(std::move(next));
  }
}

void Asker::Start(Waiting asked) {
  const Time now = clock_.Now();
  const Duration left = std::min(asked.asked_at + options_.timeout - now, options_.timeout);
  if (left <= Duration::zero()) {
    return Finish(asked, now,
                  {HookFault{"the question waited for its turn until its time was up"}, {}, {}});
  }
  ++under_way_;
  const auto shared = std::make_shared<const Waiting>(std::move(asked));
  line_->Ask(
      shared->question, left,
      [this, still = std::weak_ptr(alive_), shared, now](HookOutcome outcome) {
        if (still.lock()) Finish(*shared, now, std::move(outcome));
      },
      [this, still = std::weak_ptr(alive_)] {
        if (!still.lock()) return;
        --under_way_;
        StartWhatMay();
      });
}

void Asker::Finish(const Waiting& asked, Time began, HookOutcome outcome) {
  Exchange& exchange = outcome.exchange;
  exchange.at = began;
  exchange.direction = Direction::kOut;
  exchange.kind = ExchangeKind::kHook;
  exchange.topic = asked.question.topic;
  exchange.callback = asked.question.callback;
  exchange.identity = asked.question.identity;
  if (const auto* accept = std::get_if<HookAccept>(&outcome.answer)) {
    if (accept->identity) exchange.identity = *accept->identity;
  }
  exchange.outcome = std::string(Name(asked.question.event)) + ": " + Describe(outcome.answer);
  if (exchange.timings.total == Duration::zero()) {
    exchange.timings.total = std::max(clock_.Now() - began, Duration::zero());
  }
  if (outlets_.on_exchange) outlets_.on_exchange(std::move(exchange));
  if (outlets_.on_notice && !outcome.notice.empty()) outlets_.on_notice(std::move(outcome.notice));
  asked.done(std::move(outcome.answer));
}

}  // namespace websub::hub
