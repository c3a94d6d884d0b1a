// Content distribution (section 7): walks each subscription from its cursor to the end of its
// topic's log, one message in flight, in order.
//
// The idea. A publish wakes its topic; the topic is swept: its subscriptions that are behind are
// read from the store page by page, and each gets a lane. A lane sends one message at a time and
// ends when it has reached the end of the log and its outcomes are kept. A failed attempt is
// written down with the time of the next one, and its lane ends: waiting costs no memory, and a
// lane is made again when the time has come.
//
// Who holds up whom. Lanes that are ready queue by the origin of their callback, and origins take
// turns. What may be in flight is limited by origin (hub/delivery/pace.h) and overall, and those
// who are known not to answer share a small part of it: so is a lane that has failed with its
// message, and an origin whose last request was not answered. Of those that nothing is known of
// there are never so many that no room is left for those that answer. An origin with more ready
// lanes than it can use gets no more of them: the rest stays in the store and is read when it has
// come so far.
//
// How much at once. More requests at once than keep the machine busy only cost memory and
// connections. So a request that was sent a moment ago holds back others, up to a number that is
// enough for peers that answer at once; one that takes longer than that moment holds back nobody.
//
// Cost: memory for the lanes (at most max_lanes), not for the subscriptions; one read of the store
// for a page of subscriptions and for a message.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/feed_diff.h"
#include "core/signature.h"
#include "hub/clock.h"
#include "hub/delivery/callback_rules.h"
#include "hub/delivery/lane.h"
#include "hub/delivery/outcome.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

struct DeliveryOptions {
  RetryPolicy retry;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kSha256;  // where a subscriber has no wish
  CallbackRules rules;  // for some callbacks; a wish of the subscriber comes before them
  Duration timeout = std::chrono::seconds(10);
  std::shared_ptr<const AddressPolicy> addresses;  // null: any
  FeedDiff feed_diff = FeedDiff::kOff;        // whether feeds go without entries that went before
  PaceOptions pace;                           // of an origin
  std::size_t max_in_flight = 4096;           // overall
  std::size_t max_in_flight_unproven = 3072;  // of those not known to answer
  std::size_t max_in_flight_failing = 1024;   // of those known not to answer
  std::size_t max_young = 128;                // sent within the last moment
  std::size_t max_lanes = 8192;
  std::size_t max_ready_per_origin = 256;
  std::size_t page = 256;  // subscriptions read at once

  // What signs for a callback: its subscriber's wish, else a rule, else `algorithm`.
  SignatureAlgorithm AlgorithmFor(const std::optional<SignatureAlgorithm>& wish,
                                  std::string_view callback) const {
    return wish ? *wish : rules.AlgorithmFor(callback).value_or(algorithm);
  }
};

// Used on the loop's thread only. Decides; what it sends goes through the transport.
class Deliverer {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Deliverer(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
            Random& random, DeliveryOptions options, std::function<void()> wake);
  ~Deliverer();

  // Takes up what the store says is not delivered yet.
  void Start();
  // This message was appended to the topic's log.
  void Wake(TopicId topic, MessageId newest);
  // The subscription was verified again: what is sent from now on follows the new secret and lease.
  void Renewed(const Subscription& subscription);
  // The subscription ended: nothing more is sent to it.
  void Ended(SubscriptionId id);
  // These outcomes are on disk.
  void Kept(const std::vector<DeliveryOutcome>& outcomes);
  // Starts nothing more; what is in flight goes on.
  void Stop();

  // Starts what can be started; says when to be called next (Time::max() where nothing waits for a
  // time).
  Time Run(Time now);

  // Told of each attempt that meant something, at once, and of its message.
  std::function<void(const DeliveryOutcome&, const Message&)> on_outcome;

  std::size_t in_flight() const { return in_flight_; }
  std::size_t lanes() const { return lanes_.size(); }

 private:
  using Standing = Pace::Standing;
  // Those of one standing that may start something, and what they have in flight.
  struct Turn {
    Origin* origin;
    bool suspect;  // for one of its suspects
  };
  struct Class {
    std::deque<Turn> turns;
    std::size_t in_flight = 0;
    std::array<std::size_t, 2> young = {0, 0};  // in flight, sent in this slice and the one before
  };

  // deliverer_intake.cc: where lanes come from
  TopicLog& LogOf(TopicId topic);
  MessageId EndOf(TopicLog& topic);
  void Sweep(TopicLog& topic);
  bool HasRoom() const;
  bool MayHaveMore(const Origin& origin) const;
  void TakeUp(const Subscription& renewed);
  bool ReadDueRetries(Time now);
  void RetryUnkept(Time now);
  bool SweepOnePage();
  bool RefillOne(Time now);
  void Refill(Origin& origin, Time now);
  void PutOff(Origin& origin, TopicId topic, SubscriptionId id);
  void WantRefill(Origin& origin);
  Origin& OriginOf(const std::string& key);
  // False where it was put off.
  bool Admit(TopicLog& topic, const LaneRow& row, Origin& origin);
  void AdmitPage(TopicLog& topic, const std::vector<LaneRow>& rows);
  void AdmitRetry(const DueRetry& due);
  void ForgetTopic(TopicLog& topic);
  void DropIdleOrigins();

  // deliverer.cc: which may start
  Class& ClassOf(Standing standing) { return classes_[static_cast<std::size_t>(standing)]; }
  const Class& ClassOf(Standing standing) const {
    return classes_[static_cast<std::size_t>(standing)];
  }
  void BeginSlice(Time now);
  bool HasSlot(Standing standing) const;
  bool IsYoungFull(Standing standing) const;
  void MakeReady(Lane& lane);
  void GiveTurn(Origin& origin);
  void StartReady(Time now);
  bool StartFrom(const Turn& turn, Standing standing, Time now);
  void Land(Lane& lane);
  void EndIfIdle(SubscriptionId id, Time now);
  void Drop(SubscriptionId id);

  // deliverer_send.cc: one attempt
  void Start(Lane& lane, Standing counts_as, Time now);
  void Send(Lane& lane, Time now);
  void Finish(Lane& lane, OutgoingResult result);
  void Learn(Origin& origin, const OutgoingResult& result);
  void Note(DeliveryOutcome&& kept, const PreparedMessage& sent, Exchange&& exchange);
  void Apply(Lane& lane, const PreparedMessage& sent, const AttemptOutcome& outcome, Time now,
             Exchange exchange);

  Store& store_;
  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const DeliveryOptions options_;
  std::function<void()> wake_;
  MessageCache messages_;

  std::unordered_map<SubscriptionId, std::unique_ptr<Lane>> lanes_;
  std::unordered_map<TopicId, TopicLog> topics_;  // with lanes, or being swept
  std::deque<TopicId> sweep_turns_;
  std::unordered_map<std::string, std::unique_ptr<Origin>> origins_;
  std::deque<Origin*> idle_origins_;  // the longest idle first
  std::deque<Origin*> refills_;       // owed something, and with room for it
  std::array<Class, 3> classes_;
  std::size_t in_flight_ = 0;
  unsigned slice_ = 0;
  Time slice_began_ = Time::min();
  std::set<std::pair<Time, SubscriptionId>> unkept_retries_;  // waiting in memory, not on disk yet
  Time next_retry_ = Time::min();  // when a retry may be due; min: ask the store
  RetryPlace retry_place_;         // those due before it have a lane, or were put off
  bool stopped_ = false;
};

}  // namespace websub::hub
