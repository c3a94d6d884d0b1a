// Verification of intent (section 5.3): asks the callback of each request that was accepted whether
// it was meant, and denial (section 5.2).
//
// Requests about one topic and callback are verified one after the other, in the order in which
// they were accepted; others side by side. Network faults, 5xx and 429 are tried again; any other
// answer ends the request.
//
// What is due waits for its turn in a queue (hub/delivery/due_queue.h): no more of it than the
// number of its subscription. The request itself is read when it starts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/backoff.h"
#include "hub/clock.h"
#include "hub/delivery/due_queue.h"
#include "hub/random.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

// When the operator's own code may have a say.
enum class IntentStage {
  kValidation,  // section 5.2: before the callback is asked
  kVerified,    // the callback confirmed
};

struct Judgement {
  enum class Kind {
    kAccept,
    kDeny,   // a request for a subscription ends, and its callback is told why
    kFault,  // nobody could say: it is tried again
  };
  Kind kind = Kind::kAccept;
  std::string reason;
};

struct VerifierOptions {
  RetryPolicy retry{.retries = 5,
                    .base = std::chrono::seconds(1),
                    .max = std::chrono::minutes(1),
                    .give_up_after = std::chrono::minutes(10)};
  Duration timeout = std::chrono::seconds(10);
  Duration max_sync = std::chrono::seconds(20);    // before somebody who waits is answered
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
  // The same, for a peer that waits for the answer (hub.verify=sync of PubSubHubbub 0.3): it is
  // tried once, and `done` is called when that has ended or `max_sync` is over.
  void AddSync(const Intent& intent, std::function<void(Result<void>)> done);
  // An intent may be due.
  void Wake() { queue_.Wake(); }
  // Starts nothing more; what is in flight goes on.
  void Stop() { queue_.Stop(); }
  Time Run(Time now);
  std::size_t in_flight() const { return queue_.running(); }

  // A request was verified: the subscription as it is now, active or unsubscribed.
  std::function<void(const Subscription&)> on_confirmed;
  // Asked before a callback is, and again once it has confirmed; null: everything is accepted.
  std::function<void(IntentStage, const Intent&, std::function<void(Judgement)>)> judge;

 private:
  // One that is being verified, until what became of it is kept.
  struct Asking {
    Intent intent;
    std::string challenge;
    Turns::Turn turn;
  };
  struct Waiter {
    std::function<void(Result<void>)> done;
    Time due;
  };
  using AskingPtr = std::shared_ptr<const Asking>;
  using Key = std::pair<std::string, std::string>;  // topic and callback

  DueQueue::Source Source();

  // One attempt
  void Start(const Turns::Turn& turn, Time now);
  void Ask(AskingPtr asking, const Url& callback, Time now);
  // `since`: where the log of the topic ended when the callback was asked.
  void Finish(const AskingPtr& asking, std::optional<MessageId> since, Exchange exchange,
              OutgoingResult result);
  void Judge(IntentStage stage, const AskingPtr& asking, std::function<void()> accepted);
  void Confirm(const AskingPtr& asking, std::optional<MessageId> since, Time now);
  void Reject(const AskingPtr& asking, SubscriptionState state, const std::string& reason);
  void Retry(const AskingPtr& asking, const OutgoingResult& result, Time now, Exchange exchange);
  void TryAgain(const AskingPtr& asking, Time at);
  void Tell(IntentId id, const Result<void>& verdict);
  Time TellLate(Time now);
  void Done(const Asking& asking, const Result<void>& kept);

  // denial.cc
  void Deny(AskingPtr asking, const Url& callback, Time now);
  void FinishDenial(const AskingPtr& asking, Exchange exchange, OutgoingResult result);

  Store& store_;
  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const VerifierOptions options_;

  DueQueue queue_;  // by the id of the subscription
  // In flight, or waiting for the store; with other subscriptions of the same topic and callback.
  std::map<Key, std::vector<SubscriptionId>> busy_;
  std::map<IntentId, Waiter> waiters_;
};

}  // namespace websub::hub
