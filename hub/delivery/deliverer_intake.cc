// Where lanes come from: sweeps of a topic, retries that are due, and what was put off.
#include <algorithm>
#include <utility>

#include "core/notification.h"
#include "hub/delivery/deliverer.h"
#include "hub/store/sealer.h"

namespace websub::hub {

namespace {

// Origins without lanes that are remembered, so that what was learned of them is not lost between
// two messages.
constexpr std::size_t kKeptOrigins = 4096;
// With more of them owing lanes than this, no further subscription is looked at.
constexpr std::size_t kMostOrigins = 65536;
// Looked at for one that may be refilled, and for those that may be forgotten.
constexpr int kRefillTries = 64;
constexpr std::size_t kIdleTries = 512;

// A secret stands in a userinfo or behind a '='. Most callbacks have neither, which is told at
// once.
bool MayHoldSecret(const Url& callback) {
  return !callback.userinfo().empty() || callback.target().find('=') != std::string::npos;
}

}  // namespace

TopicLog& Deliverer::LogOf(TopicId topic) {
  TopicLog& log = topics_[topic];
  log.id = topic;
  return log;
}

MessageId Deliverer::EndOf(TopicLog& topic) {
  if (!topic.end) {
    const auto found = store_.FindTopic(topic.id);
    if (!found) return 0;  // it cannot be read now
    topic.end = found->last_message;
  }
  return *topic.end;
}

void Deliverer::ForgetTopic(TopicLog& topic) {
  if (topic.lanes == 0 && !topic.sweep) topics_.erase(TopicId{topic.id});
}

void Deliverer::Sweep(TopicLog& topic) {
  if (topic.sweep) {
    topic.sweep->again = true;
  } else {
    topic.sweep.emplace();
    sweep_turns_.push_back(topic.id);
  }
  wake_();
}

// For a page of lanes more, and nobody who could use it waits for room in flight.
bool Deliverer::HasRoom() const {
  const std::size_t page = std::min(options_.page, options_.max_lanes);
  const auto waits = [&](Standing standing) {
    return !ClassOf(standing).turns.empty() && HasSlot(standing);
  };
  return ClassOf(Standing::kProven).turns.empty() && !waits(Standing::kUnproven) &&
         lanes_.size() + page <= options_.max_lanes;
}

// A quarter of the lanes is for whoever comes, another for those that did not fail last, and the
// other half for those that answer.
bool Deliverer::MayHaveMore(const Origin& origin) const {
  if (origin.waiting() >= options_.max_ready_per_origin) return false;
  if (origin.pace.standing() == Standing::kProven) return true;
  const std::size_t share = origin.pace.standing() == Standing::kUnproven ? 2 : 4;
  return lanes_.size() < std::max<std::size_t>(options_.max_lanes / share, 1);
}

// Its lane may have been dropped because the lease was over, just before the renewal was kept.
void Deliverer::TakeUp(const Subscription& renewed) {
  if (!renewed.expires_at || stopped_) return;
  if (renewed.retry_at && *renewed.retry_at > clock_.Now()) {
    next_retry_ = std::min(next_retry_, *renewed.retry_at);
    return wake_();
  }
  TopicLog& topic = LogOf(renewed.topic_id);
  if (renewed.cursor >= EndOf(topic)) return ForgetTopic(topic);
  const auto callback = Url::Parse(renewed.callback);
  if (!callback) return ForgetTopic(topic);  // checked when it was accepted
  Origin& origin = OriginOf(callback->Origin());
  const LaneRow row = {.id = renewed.id,
                       .callback = renewed.callback,
                       .origin = callback->Origin(),
                       .secret = renewed.secret,
                       .expires_at = *renewed.expires_at,
                       .cursor = renewed.cursor,
                       .base = renewed.base,
                       .attempts = renewed.attempts,
                       .first_attempt = renewed.first_attempt,
                       .retry_at = renewed.retry_at,
                       .algorithm = renewed.algorithm};
  if (lanes_.size() >= options_.max_lanes || !Admit(topic, row, origin)) {
    if (renewed.retry_at) {
      origin.retries_put_off = RetryPlace{};
      WantRefill(origin);
    } else {
      PutOff(origin, topic.id, row.id);
    }
  }
  ForgetTopic(topic);
  wake_();
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

// Tells whether there may be more to read at once; as SweepOnePage and RefillOne do.
bool Deliverer::ReadDueRetries(Time now) {
  if (now < retry_place_.at) {  // the clock was set back: earlier ones may be due now, and later
    retry_place_ = {};
    next_retry_ = Time::min();
  }
  if (now < next_retry_ || !HasRoom() || origins_.size() >= kMostOrigins) return false;
  const std::size_t limit = std::min(options_.page, options_.max_lanes);
  const auto due = store_.DueRetries(now, retry_place_, limit);
  for (const DueRetry& each : due) AdmitRetry(each);
  if (!due.empty()) retry_place_ = {due.back().at, due.back().lane.id};
  if (due.size() == limit) return true;
  next_retry_ = store_.NextRetryDue(now).value_or(Time::max());
  return false;
}

void Deliverer::AdmitRetry(const DueRetry& due) {
  if (lanes_.contains(due.lane.id)) return;  // what is in memory is newer
  Origin& origin = OriginOf(due.lane.origin);
  TopicLog& topic = LogOf(due.topic);
  if (!Admit(topic, due.lane, origin)) {
    // Not only the first: the walk may have begun anew.
    const RetryPlace place{due.at, due.lane.id - 1};
    origin.retries_put_off = std::min(origin.retries_put_off.value_or(place), place);
    WantRefill(origin);
  }
  ForgetTopic(topic);
}

bool Deliverer::SweepOnePage() {
  if (sweep_turns_.empty() || !HasRoom() || origins_.size() >= kMostOrigins) return false;
  TopicLog& topic = topics_.at(sweep_turns_.front());
  sweep_turns_.pop_front();
  const auto page =
      store_.PageBehind(topic.id, topic.sweep->after, std::min(options_.page, options_.max_lanes));
  AdmitPage(topic, page.lanes);
  if (!page.end) {
    topic.sweep->after = page.last;
  } else if (topic.sweep->again) {
    topic.sweep.emplace();
  } else {
    topic.sweep.reset();
    ForgetTopic(topic);
    return true;
  }
  sweep_turns_.push_back(topic.id);
  return true;
}

void Deliverer::AdmitPage(TopicLog& topic, const std::vector<LaneRow>& rows) {
  for (const LaneRow& row : rows) {
    Origin& origin = OriginOf(row.origin);
    if (!Admit(topic, row, origin)) PutOff(origin, topic.id, row.id);
  }
}

void Deliverer::PutOff(Origin& origin, TopicId topic, SubscriptionId id) {
  const auto [entry, made] = origin.put_off.try_emplace(topic, id);
  if (!made) entry->second = std::min(entry->second, id);
  WantRefill(origin);
}

void Deliverer::WantRefill(Origin& origin) {
  if (origin.refilling || !origin.owed() || origin.waiting() > options_.max_ready_per_origin / 2) {
    return;
  }
  origin.refilling = true;
  refills_.push_back(&origin);
}

bool Deliverer::RefillOne(Time now) {
  for (int tries = 0; tries < kRefillTries && !refills_.empty() && HasRoom(); ++tries) {
    Origin& origin = *refills_.front();
    refills_.pop_front();
    if (!MayHaveMore(origin)) {
      refills_.push_back(&origin);
      continue;
    }
    origin.refilling = false;
    Refill(origin, now);
    WantRefill(origin);
    return true;
  }
  return false;
}

void Deliverer::Refill(Origin& origin, Time now) {
  const std::size_t limit =
      std::max<std::size_t>(std::min(options_.page, options_.max_lanes) / 2, 1);
  if (const auto place = std::exchange(origin.retries_put_off, std::nullopt)) {
    const auto due = store_.DueRetries(now, origin.key, *place, limit);
    for (const DueRetry& each : due) AdmitRetry(each);
    if (due.size() == limit && !origin.retries_put_off) {
      origin.retries_put_off = RetryPlace{due.back().at, due.back().lane.id};
    }
    return;
  }
  const auto [topic, from] = *origin.put_off.begin();
  origin.put_off.erase(origin.put_off.begin());
  const auto page = store_.PageBehind(topic, origin.key, from - 1, limit);
  TopicLog& log = LogOf(topic);
  AdmitPage(log, page.lanes);
  if (!page.end) PutOff(origin, topic, page.last + 1);
  ForgetTopic(log);
}

Origin& Deliverer::OriginOf(const std::string& key) {
  auto& origin = origins_[key];
  if (!origin) origin = std::make_unique<Origin>(key, options_.pace);
  if (origin->lanes == 0 && !std::exchange(origin->idle, true)) {
    idle_origins_.push_back(origin.get());
  }
  return *origin;
}

bool Deliverer::Admit(TopicLog& topic, const LaneRow& row, Origin& origin) {
  if (const auto found = lanes_.find(row.id); found != lanes_.end()) {
    if (found->second->state == Lane::State::kIdle) MakeReady(*found->second);
    return true;
  }
  if (!MayHaveMore(origin)) return false;
  auto callback = Url::Parse(row.callback);
  if (!callback) return true;                 // checked when it was accepted
  if (IsUnreadable(row.secret)) return true;  // unsigned, or signed by anything else, is worse
  auto lane = std::make_unique<Lane>();
  lane->id = row.id;
  lane->topic = &topic;
  ++topic.lanes;
  lane->origin = &origin;
  ++origin.lanes;
  lane->callback = std::move(*callback);
  lane->head_start = NotificationStart(lane->callback);
  lane->head_masked =
      MayHoldSecret(lane->callback) && MaskHead(lane->head_start) != lane->head_start;
  lane->secret = row.secret;
  lane->algorithm = options_.AlgorithmFor(row.algorithm, row.callback);
  lane->content_type = options_.rules.ContentTypeFor(row.callback);
  lane->expires_at = row.expires_at;
  lane->cursor = row.cursor;
  lane->base = row.base;
  lane->attempts = row.attempts;
  lane->first_attempt = row.first_attempt;
  MakeReady(*(lanes_[row.id] = std::move(lane)));
  return true;
}

void Deliverer::DropIdleOrigins() {
  const bool crowded = origins_.size() >= kMostOrigins;
  std::size_t looked = 0;
  while (idle_origins_.size() > kKeptOrigins && looked < kIdleTries) {
    ++looked;
    Origin& origin = *idle_origins_.front();
    idle_origins_.pop_front();
    origin.idle = false;
    if (origin.lanes > 0) continue;  // it is put here again when it has none
    if (origin.busy() || origin.owed()) {
      origin.idle = true;
      idle_origins_.push_back(&origin);
      continue;
    }
    origins_.erase(std::string(origin.key));
  }
  if (crowded && origins_.size() < kMostOrigins) wake_();  // walks waited for that
}

}  // namespace websub::hub
