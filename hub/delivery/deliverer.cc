#include "hub/delivery/deliverer.h"

#include <algorithm>
#include <utility>

#include "core/notification.h"

namespace websub::hub {

namespace {

// How soon to look again for due retries that found no room.
constexpr Duration kCrowdedWait = std::chrono::milliseconds(50);

}  // namespace

struct Deliverer::Lane {
  SubscriptionId id = 0;
  TopicId topic = 0;
  Url callback;
  Origin* origin = nullptr;
  std::string secret;
  std::unique_ptr<Signer> signer;  // made with the first signed message
  Time expires_at;
  MessageId cursor = 0;
  int attempts = 0;  // that failed, of the message after the cursor
  std::optional<Time> first_attempt;
  bool in_flight = false;        // also after it has ended
  bool due_in_store = false;     // counted in retrying_
  std::size_t unkept = 0;        // outcomes not on disk yet
  std::optional<Time> retry_at;  // while it waits in unkept_retries_

  enum class State {
    kIdle,
    kReady,
    kInFlight,
    kWaiting,  // for a retry
    kGone,     // answered 410, which is not on disk yet
    kEnded,    // by the store's word
  } state = State::kIdle;
};

struct Deliverer::Origin {
  std::deque<SubscriptionId> ready;
  std::size_t lanes = 0;
  std::size_t in_flight = 0;
  bool has_turn = false;  // stands in turns_
};

Deliverer::Deliverer(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
                     Random& random, DeliveryOptions options, std::function<void()> wake)
    : store_(store),
      transport_(transport),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(options),
      wake_(std::move(wake)),
      messages_(store) {}

Deliverer::~Deliverer() = default;

void Deliverer::Start() {
  for (const TopicId topic : store_.TopicsWithMessages()) Wake(topic);
}

void Deliverer::Wake(TopicId topic) {
  const auto [sweep, made] = sweeps_.try_emplace(topic);
  if (made) {
    sweep_turns_.push_back(topic);
  } else {
    sweep->second.again = true;
  }
  wake_();
}

void Deliverer::Renewed(const Subscription& subscription) {
  const auto found = lanes_.find(subscription.id);
  if (found == lanes_.end()) return TakeUp(subscription);
  Lane& lane = *found->second;
  if (subscription.expires_at) lane.expires_at = *subscription.expires_at;
  if (lane.secret != subscription.secret) {  // HUB-REQ-07
    lane.secret = subscription.secret;
    lane.signer.reset();
  }
  // The callback said "gone" before it confirmed anew: the store takes the later word, too.
  if (lane.state == Lane::State::kIdle || lane.state == Lane::State::kGone) MakeReady(lane);
  wake_();
}

// Its lane may have been dropped because the lease was over, just before the renewal was kept.
void Deliverer::TakeUp(const Subscription& renewed) {
  if (!renewed.expires_at || stopped_) return;
  if (renewed.retry_at) {
    next_retry_ = std::min(next_retry_, *renewed.retry_at);
    return wake_();
  }
  if (!messages_.Next(renewed.topic_id, renewed.cursor)) return;
  if (!HasRoom()) return Wake(renewed.topic_id);
  Admit(renewed.topic_id, {.id = renewed.id,
                           .callback = renewed.callback,
                           .origin = {},
                           .secret = renewed.secret,
                           .expires_at = *renewed.expires_at,
                           .cursor = renewed.cursor,
                           .attempts = renewed.attempts,
                           .first_attempt = renewed.first_attempt,
                           .retry_at = renewed.retry_at});
  wake_();
}

void Deliverer::Ended(SubscriptionId id) {
  const auto found = lanes_.find(id);
  if (found == lanes_.end()) return;
  Lane& lane = *found->second;
  if (lane.state == Lane::State::kReady) std::erase(lane.origin->ready, id);
  lane.state = Lane::State::kEnded;
  EndIfIdle(id, clock_.Now());
  wake_();  // there may be room for another lane
}

void Deliverer::Kept(const std::vector<DeliveryOutcome>& outcomes) {
  const Time now = clock_.Now();
  for (const auto& outcome : outcomes) {
    const auto found = lanes_.find(outcome.subscription_id);
    if (found == lanes_.end()) continue;
    Lane& lane = *found->second;
    if (lane.unkept > 0) --lane.unkept;
    if (lane.unkept == 0) EndIfIdle(lane.id, now);
    if (outcome.retry_at) next_retry_ = std::min(next_retry_, *outcome.retry_at);
  }
  wake_();
}

void Deliverer::Stop() {
  stopped_ = true;
}

Time Deliverer::Run(Time now) {
  if (stopped_) return Time::max();
  RetryUnkept(now);
  ReadDueRetries(now);
  do {
    StartReady(now);
  } while (SweepOnePage());
  DropIdleOrigins();
  Time next = next_retry_ > now ? next_retry_ : now + kCrowdedWait;
  if (!unkept_retries_.empty()) next = std::min(next, unkept_retries_.begin()->first);
  return next;
}

// The store takes its time, or takes no writes at all: a retry must not wait for that.
void Deliverer::RetryUnkept(Time now) {
  while (!unkept_retries_.empty() && unkept_retries_.begin()->first <= now) {
    const SubscriptionId id = unkept_retries_.begin()->second;
    unkept_retries_.erase(unkept_retries_.begin());
    Lane& lane = *lanes_.at(id);  // it takes its entry with it when it is dropped
    lane.retry_at.reset();
    if (lane.state == Lane::State::kWaiting) MakeReady(lane);
  }
}

// For a page of lanes more, and no lane that could start waits for room in flight.
bool Deliverer::HasRoom() const {
  const std::size_t page = std::min(options_.page, options_.max_lanes);
  return turns_.empty() && lanes_.size() + page <= options_.max_lanes;
}

void Deliverer::ReadDueRetries(Time now) {
  if (now < next_retry_ || !HasRoom()) return;
  // A lane in memory is still due for the store until its next outcome is kept.
  const std::size_t limit = retrying_ + std::min(options_.page, options_.max_lanes);
  const auto due = store_.DueRetries(now, RetryPlace{}, limit);
  for (const auto& [topic, at, row] : due) {
    if (!lanes_.contains(row.id)) Admit(topic, row);
    const auto lane = lanes_.find(row.id);
    if (lane != lanes_.end() && !std::exchange(lane->second->due_in_store, true)) ++retrying_;
  }
  if (due.size() < limit) next_retry_ = store_.NextRetryDue(now).value_or(Time::max());
}

bool Deliverer::SweepOnePage() {
  if (sweep_turns_.empty() || !HasRoom()) return false;
  const TopicId topic = sweep_turns_.front();
  sweep_turns_.pop_front();
  Sweep& sweep = sweeps_[topic];
  const std::size_t limit = std::min(options_.page, options_.max_lanes);
  const auto page = store_.PageBehind(topic, sweep.after, limit);
  for (const auto& row : page.lanes) Admit(topic, row);
  if (!page.end) {
    sweep.after = page.last;
  } else if (sweep.again) {
    sweep = {};
  } else {
    sweeps_.erase(topic);
    return true;
  }
  sweep_turns_.push_back(topic);
  return true;
}

void Deliverer::Admit(TopicId topic, const LaneRow& row) {
  if (const auto found = lanes_.find(row.id); found != lanes_.end()) {
    if (found->second->state == Lane::State::kIdle) MakeReady(*found->second);
    return;
  }
  auto callback = Url::Parse(row.callback);
  if (!callback) return;  // checked when it was accepted
  auto lane = std::make_unique<Lane>();
  lane->id = row.id;
  lane->topic = topic;
  lane->callback = std::move(*callback);
  auto& origin = origins_[lane->callback.Origin()];
  if (!origin) origin = std::make_unique<Origin>();
  lane->origin = origin.get();
  ++origin->lanes;
  lane->secret = row.secret;
  lane->expires_at = row.expires_at;
  lane->cursor = row.cursor;
  lane->attempts = row.attempts;
  lane->first_attempt = row.first_attempt;
  MakeReady(*(lanes_[row.id] = std::move(lane)));
}

void Deliverer::MakeReady(Lane& lane) {
  lane.state = Lane::State::kReady;
  lane.origin->ready.push_back(lane.id);
  GiveTurn(*lane.origin);
}

// At most one turn for an origin, and only where it can use it.
void Deliverer::GiveTurn(Origin& origin) {
  if (origin.has_turn || origin.ready.empty() ||
      origin.in_flight >= options_.max_in_flight_per_origin) {
    return;
  }
  origin.has_turn = true;
  turns_.push_back(&origin);
}

void Deliverer::StartReady(Time now) {
  while (!turns_.empty() && in_flight_ < options_.max_in_flight) {
    Origin& origin = *turns_.front();
    turns_.pop_front();
    origin.has_turn = false;
    if (origin.ready.empty()) continue;
    Lane& lane = *lanes_.at(origin.ready.front());
    origin.ready.pop_front();
    lane.state = Lane::State::kIdle;
    Start(lane, now);
    GiveTurn(origin);
  }
}

void Deliverer::Start(Lane& lane, Time now) {
  auto message = lane.expires_at > now ? messages_.Next(lane.topic, lane.cursor) : nullptr;
  if (!message) return EndIfIdle(lane.id, now);  // HUB-VER-04, or the end of the log
  Send(lane, std::move(message), now);
}

void Deliverer::Send(Lane& lane, std::shared_ptr<const PreparedMessage> message, Time now) {
  std::string signature;
  if (!lane.secret.empty()) {  // HUB-SIG-01, HUB-SIG-03
    if (!lane.signer) lane.signer = std::make_unique<Signer>(options_.algorithm, lane.secret);
    signature = lane.signer->Sign(*message->message.body);
  }
  if (!lane.first_attempt) lane.first_attempt = now;

  OutgoingRequest request;
  request.url = lane.callback;  // HUB-DIS-01: its query is part of the target
  request.head =
      NotificationHead(lane.callback, message->shared_head, lane.attempts + 1, signature);
  request.body = message->message.body;
  request.timeout = options_.timeout;
  request.addresses = options_.addresses;

  Exchange exchange;
  exchange.at = now;
  exchange.direction = Direction::kOut;
  exchange.kind = ExchangeKind::kDeliver;
  exchange.subscription_id = lane.id;
  exchange.message_id = message->message.id;
  exchange.topic = message->message.topic;
  exchange.callback = lane.callback.shared_text();
  exchange.url = exchange.callback;
  exchange.attempt = lane.attempts + 1;
  exchange.request_head = MaskHead(request.head);

  lane.state = Lane::State::kInFlight;
  lane.in_flight = true;
  ++lane.origin->in_flight;
  ++in_flight_;
  transport_.Send(std::move(request),
                  [this, id = lane.id, message = std::move(message),
                   exchange = std::move(exchange)](OutgoingResult result) mutable {
                    Finish(id, *message, std::move(exchange), std::move(result));
                  });
}

void Deliverer::Finish(SubscriptionId id, const PreparedMessage& message, Exchange exchange,
                       OutgoingResult result) {
  Lane& lane = *lanes_.at(id);  // a lane stays while it is in flight
  lane.in_flight = false;
  --in_flight_;
  --lane.origin->in_flight;
  GiveTurn(*lane.origin);
  const Time now = clock_.Now();
  const bool ended = lane.state == Lane::State::kEnded;
  lane.state = Lane::State::kIdle;
  const auto outcome = Classify(result,
                                {.number = lane.attempts + 1,
                                 .first_attempt = lane.first_attempt.value_or(now),
                                 .now = now,
                                 .jitter = random_.Unit()},
                                options_.retry);
  FillFromResult(exchange, std::move(result));
  if (exchange.fault == Fault::kCancelled || ended) {
    exchange.outcome = ended ? "the subscription ended meanwhile" : "the hub stopped";
    recorder_.Add(std::move(exchange));
    if (ended) lane.state = Lane::State::kEnded;
    EndIfIdle(id, now);
  } else {
    Apply(lane, message.message.id, outcome, now, std::move(exchange));
  }
  wake_();
}

void Deliverer::Apply(Lane& lane, MessageId message, const AttemptOutcome& outcome, Time now,
                      Exchange exchange) {
  DeliveryOutcome kept;
  kept.subscription_id = lane.id;
  kept.message_id = message;
  kept.attempts = ++lane.attempts;
  kept.first_attempt = lane.first_attempt.value_or(now);
  kept.now = now;
  ++lane.unkept;

  if (const auto* retry = std::get_if<RetryAt>(&outcome)) {
    kept.kind = DeliveryOutcome::Kind::kRetry;
    kept.retry_at = retry->at;
    kept.reason = retry->reason;
    exchange.outcome = retry->reason + RetryIn(retry->at, now);
    lane.state = Lane::State::kWaiting;
    lane.retry_at = retry->at;
    unkept_retries_.emplace(retry->at, lane.id);
    recorder_.Add(std::move(kept), std::move(exchange));
    return;
  }
  lane.attempts = 0;
  lane.first_attempt.reset();
  if (std::holds_alternative<Gone>(outcome)) {
    kept.kind = DeliveryOutcome::Kind::kGone;
    kept.reason = exchange.outcome = "answered 410: the subscription ended";
    lane.state = Lane::State::kGone;
    recorder_.Add(std::move(kept), std::move(exchange));
    return;
  }
  lane.cursor = message;
  if (std::holds_alternative<Delivered>(outcome)) {
    kept.kind = DeliveryOutcome::Kind::kDelivered;
    exchange.outcome = "delivered";
  } else {
    kept.kind = DeliveryOutcome::Kind::kGivenUp;  // HUB-DIS-09
    kept.reason = std::get<GivenUp>(outcome).reason;
    exchange.outcome = "given up: " + kept.reason;
  }
  recorder_.Add(std::move(kept), std::move(exchange));
  if (lane.state == Lane::State::kIdle && !stopped_) MakeReady(lane);
}

// Drops a lane that has nothing to do and whose outcomes are on disk, so that the store tells the
// truth about it from here on.
void Deliverer::EndIfIdle(SubscriptionId id, Time now) {
  Lane& lane = *lanes_.at(id);
  if (lane.unkept > 0 || lane.in_flight || lane.state == Lane::State::kReady) return;
  // While the row said "retry at", a sweep passed it over: a message may have come meanwhile.
  if (lane.state == Lane::State::kIdle && !stopped_ && lane.expires_at > now &&
      messages_.Next(lane.topic, lane.cursor)) {
    return MakeReady(lane);
  }
  Drop(id);
}

void Deliverer::Drop(SubscriptionId id) {
  const auto found = lanes_.find(id);
  Lane& lane = *found->second;
  if (lane.retry_at) unkept_retries_.erase({*lane.retry_at, id});
  if (lane.due_in_store) --retrying_;
  if (--lane.origin->lanes == 0) idle_origins_.push_back(lane.callback.Origin());
  lanes_.erase(found);
}

void Deliverer::DropIdleOrigins() {
  std::erase_if(idle_origins_, [&](const std::string& key) {
    const auto found = origins_.find(key);
    if (found == origins_.end() || found->second->lanes > 0) return true;
    if (found->second->has_turn) return false;  // turns_ points to it
    origins_.erase(found);
    return true;
  });
}

}  // namespace websub::hub
