#include "hub/delivery/deliverer.h"

#include <algorithm>
#include <utility>

namespace websub::hub {

namespace {

// How soon to look again for work that found no room.
constexpr Duration kCrowdedWait = std::chrono::milliseconds(50);
// A request is young in the slice in which it was sent, and in the next.
constexpr Duration kSlice = std::chrono::milliseconds(2);
// Pages read before the loop gets its turn again.
constexpr int kPagesPerRun = 8;

constexpr std::array kStandings = {Pace::Standing::kProven, Pace::Standing::kUnproven,
                                   Pace::Standing::kFailing};

}  // namespace

Deliverer::Deliverer(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
                     Random& random, DeliveryOptions options, std::function<void()> wake)
    : store_(store),
      transport_(transport),
      recorder_(recorder),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      wake_(std::move(wake)),
      messages_(store, options_.feed_diff) {}

Deliverer::~Deliverer() = default;

void Deliverer::Start() {
  for (const TopicId topic : store_.TopicsWithMessages()) Sweep(LogOf(topic));
}

void Deliverer::Wake(TopicId topic, MessageId newest) {
  TopicLog& log = LogOf(topic);
  log.end = std::max(newest, log.end.value_or(0));
  Sweep(log);
}

void Deliverer::Renewed(const Subscription& subscription) {
  const auto found = lanes_.find(subscription.id);
  if (found == lanes_.end()) return TakeUp(subscription);
  Lane& lane = *found->second;
  if (subscription.expires_at) lane.expires_at = *subscription.expires_at;
  const SignatureAlgorithm algorithm =
      options_.AlgorithmFor(subscription.algorithm, subscription.callback);
  if (lane.secret != subscription.secret || lane.algorithm != algorithm) {  // HUB-REQ-07
    lane.secret = subscription.secret;
    lane.algorithm = algorithm;
    lane.signer.reset();
  }
  // The callback may have said "gone" before it confirmed anew, or after that and before we were
  // told: the later word counts, as in the store.
  const bool back = lane.state == Lane::State::kGone && subscription.verified_at > lane.gone_at;
  if (lane.state == Lane::State::kIdle || back) MakeReady(lane);
  wake_();
}

void Deliverer::Ended(SubscriptionId id) {
  const auto found = lanes_.find(id);
  if (found == lanes_.end()) return;
  Lane& lane = *found->second;
  if (lane.state == Lane::State::kReady) {
    std::erase(lane.suspect() ? lane.origin->suspects : lane.origin->fresh, &lane);
  }
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
  BeginSlice(now);
  RetryUnkept(now);
  StartReady(now);
  bool more = true;
  for (int pages = 0; more && pages < kPagesPerRun; ++pages) {
    more = ReadDueRetries(now);
    more = SweepOnePage() || more;
    more = RefillOne(now) || more;
    StartReady(now);
  }
  if (more) wake_();
  DropIdleOrigins();
  Time next = next_retry_ > now ? next_retry_ : now + kCrowdedWait;
  if (!unkept_retries_.empty()) next = std::min(next, unkept_retries_.begin()->first);
  for (const Standing standing : kStandings) {
    if (!ClassOf(standing).turns.empty() && HasSlot(standing)) {
      next = std::min(next, slice_began_ + kSlice);  // those that were young then are not any more
    }
  }
  return next;
}

// Time is cut into slices, so that ageing costs nothing for each request.
void Deliverer::BeginSlice(Time now) {
  if (now >= slice_began_ && now - kSlice < slice_began_) return;
  const bool next =
      now >= slice_began_ && slice_began_ != Time::min() && now - 2 * kSlice < slice_began_;
  slice_ += next ? 1 : 2;
  slice_began_ = now;
  for (Class& each : classes_) each.young = {0, next ? each.young[0] : 0};
}

bool Deliverer::HasSlot(Standing standing) const {
  if (in_flight_ >= options_.max_in_flight) return false;
  if (standing == Standing::kProven) return true;
  const std::size_t failing = ClassOf(Standing::kFailing).in_flight;
  const std::size_t unproven = ClassOf(Standing::kUnproven).in_flight;
  if (failing + unproven >= options_.max_in_flight_unproven) return false;
  return standing == Standing::kUnproven || failing < options_.max_in_flight_failing;
}

bool Deliverer::IsYoungFull(Standing standing) const {
  const auto& young = ClassOf(standing).young;
  const std::size_t most = standing == Standing::kProven
                               ? options_.max_young
                               : std::max<std::size_t>(options_.max_young / 4, 1);
  return young[0] + young[1] >= most;
}

void Deliverer::MakeReady(Lane& lane) {
  lane.state = Lane::State::kReady;
  (lane.suspect() ? lane.origin->suspects : lane.origin->fresh).push_back(&lane);
  GiveTurn(*lane.origin);
}

// At most one turn of each kind for an origin, and only where it can use it.
void Deliverer::GiveTurn(Origin& origin) {
  if (!origin.fresh_turn && origin.FreshMayStart()) {
    origin.fresh_turn = true;
    ClassOf(origin.pace.standing()).turns.push_back({&origin, false});
  }
  if (!origin.suspect_turn && origin.SuspectMayStart()) {
    origin.suspect_turn = true;
    ClassOf(Standing::kFailing).turns.push_back({&origin, true});
  }
}

void Deliverer::StartReady(Time now) {
  if (recorder_.IsBehind()) return;  // Kept wakes us
  bool moved = true;
  while (std::exchange(moved, false)) {
    for (const Standing standing : kStandings) {
      auto& turns = ClassOf(standing).turns;
      while (!turns.empty() && HasSlot(standing) && !IsYoungFull(standing)) {
        const Turn turn = turns.front();
        turns.pop_front();
        (turn.suspect ? turn.origin->suspect_turn : turn.origin->fresh_turn) = false;
        if (!StartFrom(turn, standing, now)) moved = true;
        GiveTurn(*turn.origin);
        WantRefill(*turn.origin);
      }
    }
  }
}

// One lane of the origin; false where it counts for another standing by now.
bool Deliverer::StartFrom(const Turn& turn, Standing standing, Time now) {
  Origin& origin = *turn.origin;
  if (!(turn.suspect ? origin.SuspectMayStart() : origin.FreshMayStart())) return true;
  if (!turn.suspect && origin.pace.standing() != standing) return false;
  auto& those = turn.suspect ? origin.suspects : origin.fresh;
  Lane& lane = *those.front();
  those.pop_front();
  lane.state = Lane::State::kIdle;
  Start(lane, standing, now);
  return true;
}

// What was in flight is not any more.
void Deliverer::Land(Lane& lane) {
  const Lane::Flight& flight = *lane.flight;
  --in_flight_;
  --(flight.suspect ? lane.origin->suspects_in_flight : lane.origin->fresh_in_flight);
  Class& its = ClassOf(flight.counts_as);
  --its.in_flight;
  const unsigned age = slice_ - flight.slice;
  if (age < its.young.size()) --its.young[age];
  lane.flight.reset();
}

// Drops a lane that has nothing to do and whose outcomes are on disk, so that the store tells the
// truth about it from here on.
void Deliverer::EndIfIdle(SubscriptionId id, Time now) {
  Lane& lane = *lanes_.at(id);
  if (lane.unkept > 0 || lane.flight || lane.state == Lane::State::kReady) return;
  // While the row said "retry at", a sweep passed it over: a message may have come meanwhile.
  if (lane.state == Lane::State::kIdle && !stopped_ && lane.expires_at > now &&
      lane.cursor < EndOf(*lane.topic)) {
    return MakeReady(lane);
  }
  // The walk over the retries may have passed its place before it was written down.
  if (lane.state == Lane::State::kWaiting && lane.retry_at <= now) return;
  Drop(id);
}

void Deliverer::Drop(SubscriptionId id) {
  const auto found = lanes_.find(id);
  const std::unique_ptr<Lane> lane = std::move(found->second);
  lanes_.erase(found);
  if (lane->retry_at) unkept_retries_.erase({*lane->retry_at, id});
  --lane->topic->lanes;
  ForgetTopic(*lane->topic);
  Origin& origin = *lane->origin;
  WantRefill(origin);
  if (--origin.lanes == 0 && !std::exchange(origin.idle, true)) idle_origins_.push_back(&origin);
}

}  // namespace websub::hub
