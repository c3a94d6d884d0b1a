// Content distribution (section 7): walks each subscription from its cursor to the end of its
// topic's log, one message in flight, in order.
//
// The idea. A publish wakes its topic; the topic is swept: its subscriptions that are behind are
// read from the store page by page, and each gets a lane. A lane sends one message at a time and
// ends when it has reached the end of the log and its outcomes are kept. A failed attempt is
// written down with the time of the next one, and its lane ends: waiting costs no memory, and a
// lane is made again when the time has come. Lanes that are ready queue by the origin of their
// callback; origins take turns, and each may have only so many requests in flight, so a slow or
// dead one holds up nobody else while there is room for lanes.
//
// Cost: memory for the lanes (at most max_lanes), not for the subscriptions; one read of the store
// for a page of subscriptions and for a message.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/signature.h"
#include "hub/clock.h"
#include "hub/delivery/message_cache.h"
#include "hub/delivery/outcome.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

struct DeliveryOptions {
  RetryPolicy retry;
  SignatureAlgorithm algorithm = SignatureAlgorithm::kSha256;
  Duration timeout = std::chrono::seconds(10);
  AddressRule addresses = AddressRule::kAny;
  std::size_t max_in_flight = 1024;
  std::size_t max_in_flight_per_origin = 128;
  std::size_t max_lanes = 8192;
  std::size_t page = 256;  // subscriptions read at once
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
  // A message was appended to the topic's log.
  void Wake(TopicId topic);
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

  std::size_t in_flight() const { return in_flight_; }
  std::size_t lanes() const { return lanes_.size(); }

 private:
  struct Lane;
  struct Origin;
  struct Sweep {
    SubscriptionId after = 0;
    bool again = false;  // a message came while the sweep ran: those behind us may be behind again
  };

  bool HasRoom() const;
  void TakeUp(const Subscription& renewed);
  void ReadDueRetries(Time now);
  void RetryUnkept(Time now);
  bool SweepOnePage();
  void Admit(TopicId topic, const LaneRow& row);
  void MakeReady(Lane& lane);
  void GiveTurn(Origin& origin);
  void StartReady(Time now);
  void Start(Lane& lane, Time now);
  void Send(Lane& lane, std::shared_ptr<const PreparedMessage> message, Time now);
  void Finish(SubscriptionId id, const PreparedMessage& message, Exchange exchange,
              OutgoingResult result);
  void Apply(Lane& lane, MessageId message, const AttemptOutcome& outcome, Time now,
             Exchange exchange);
  void EndIfIdle(SubscriptionId id, Time now);
  void Drop(SubscriptionId id);
  void DropIdleOrigins();

  Store& store_;
  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const DeliveryOptions options_;
  std::function<void()> wake_;
  MessageCache messages_;

  std::unordered_map<SubscriptionId, std::unique_ptr<Lane>> lanes_;
  std::unordered_map<std::string, std::unique_ptr<Origin>> origins_;
  std::vector<std::string> idle_origins_;  // had no lane when they were put here
  std::deque<Origin*> turns_;              // origins with a ready lane and room in flight
  std::map<TopicId, Sweep> sweeps_;
  std::deque<TopicId> sweep_turns_;
  std::size_t in_flight_ = 0;
  std::size_t retrying_ = 0;  // lanes that the store may still call due
  std::set<std::pair<Time, SubscriptionId>> unkept_retries_;  // waiting in memory, not on disk yet
  Time next_retry_ = Time::min();  // when a retry may be due; min: ask the store
  bool stopped_ = false;
};

}  // namespace websub::hub
