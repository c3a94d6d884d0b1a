// Verification of intent (section 5.3): asks the callback of each request that was accepted whether
// it was meant, and denial (section 5.2).
//
// Requests about one topic and callback are verified one after the other, in the order in which
// they were accepted; others side by side. Network faults, 5xx and 429 are tried again; any other
// answer ends the request.
//
// What is due is read from the store once, page by page, and waits for its turn in memory
// (hub/delivery/turns.h): no more of it than the number of its subscription. The request itself is
// read when it starts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/backoff.h"
#include "hub/clock.h"
#include "hub/delivery/due_walk.h"
#include "hub/delivery/turns.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

struct VerifierOptions {
  RetryPolicy retry{.retries = 5,
                    .base = std::chrono::seconds(1),
                    .max = std::chrono::minutes(1),
                    .give_up_after = std::chrono::minutes(10)};
  Duration timeout = std::chrono::seconds(10);
  std::shared_ptr<const AddressPolicy> addresses;  // null: any
  TurnsOptions turns{.pace = {.fewest = 2, .first = 16, .most = 64}};
};

// Used on the loop's thread only.
class Verifier {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Verifier(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
           Random& random, VerifierOptions options, std::function<void()> wake);

  // This intent was kept.
  void Add(const Intent& intent);
  // An intent may be due.
  void Wake();
  // Starts nothing more; what is in flight goes on.
  void Stop();
  // Tells a callback that its subscription is denied (HUB-VAL-01, HUB-VAL-02). Network faults and
  // 5xx are tried again while the hub runs; the subscription has ended already.
  void Deny(const Subscription& subscription, const std::string& reason);

  Time Run(Time now);
  std::size_t in_flight() const { return turns_.running(); }

  // A request was verified: the subscription as it is now, active or unsubscribed.
  std::function<void(const Subscription&)> on_confirmed;

 private:
  struct DenialJob {
    Subscription subscription;
    std::string reason;
    int attempts = 0;
    Time first_attempt;
  };
  // One that is being verified, until what became of it is kept.
  struct Asking {
    Intent intent;
    std::string challenge;
    Turns::Ticket ticket;
  };
  using AskingPtr = std::shared_ptr<const Asking>;
  using Key = std::pair<std::string, std::string>;  // topic and callback

  // Which may start
  bool ReadDue(Time now);
  void Admit(const DueIntent& due);
  void Reconsider(SubscriptionId id, Time now);
  std::optional<Intent> FirstDue(SubscriptionId id, Time now);

  // One attempt
  void Start(SubscriptionId id, const Turns::Ticket& ticket, Time now);
  void Ask(AskingPtr asking, const Url& callback, Time now);
  void Finish(const AskingPtr& asking, Exchange exchange, OutgoingResult result);
  void Retry(const AskingPtr& asking, const OutgoingResult& result, Time now, Exchange exchange);
  void Done(const Asking& asking, const Result<void>& kept);
  void Learn(const Turns::Ticket& ticket, const OutgoingResult& result);

  // denial.cc
  void QueueDueDenials(Time now);
  void StartDenial(Turns::Id id, const Turns::Ticket& ticket, Time now);
  void FinishDenial(Turns::Id id, const Turns::Ticket& ticket, Exchange exchange,
                    OutgoingResult result);

  Store& store_;
  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const VerifierOptions options_;
  std::function<void()> wake_;

  // By the id of the subscription; denials by negative numbers.
  Turns turns_;
  DueWalk walk_;
  std::unordered_set<SubscriptionId> known_;  // those that wait for their turn, or have it
  // In flight, or waiting for the store; with other subscriptions of the same topic and callback.
  std::map<Key, std::vector<SubscriptionId>> busy_;
  Time paused_until_ = Time::min();  // while the store takes no writes
  std::unordered_map<Turns::Id, DenialJob> denials_;
  std::set<std::pair<Time, Turns::Id>> denial_retries_;
  Turns::Id last_denial_ = 0;
  bool stopped_ = false;
};

}  // namespace websub::hub
