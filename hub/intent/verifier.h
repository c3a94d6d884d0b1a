// Verification of intent (section 5.3): asks the callback of each request that was accepted whether
// it was meant, and denial (section 5.2).
//
// Requests about one topic and callback are verified one after the other, in the order in which
// they were accepted; others side by side. Network faults, 5xx and 429 are tried again; any other
// answer ends the request.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/backoff.h"
#include "hub/clock.h"
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
  AddressRule addresses = AddressRule::kAny;
  std::size_t max_in_flight = 256;
  std::size_t max_per_origin = 64;  // so that a silent one leaves room for others
};

// Used on the loop's thread only.
class Verifier {
 public:
  // `wake` is called when Run should be called earlier than it last said.
  Verifier(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
           Random& random, VerifierOptions options, std::function<void()> wake);

  // An intent was kept, or may be due.
  void Wake();
  // Starts nothing more; what is in flight goes on.
  void Stop();
  // Tells a callback that its subscription is denied (HUB-VAL-01, HUB-VAL-02). Network faults and
  // 5xx are tried again while the hub runs; the subscription has ended already.
  void Deny(const Subscription& subscription, const std::string& reason);

  Time Run(Time now);
  std::size_t in_flight() const { return in_flight_; }

  // A request was verified: the subscription as it is now, active or unsubscribed.
  std::function<void(const Subscription&)> on_confirmed;

 private:
  struct DenialJob {
    Subscription subscription;
    std::string reason;
    int attempts = 0;
    Time first_attempt;
    Time due;
  };
  using Key = std::pair<std::string, std::string>;  // topic and callback

  void SendDenials(Time now);
  bool StartDue(Time now, std::size_t limit);
  void Start(Intent intent, Time now);
  void Finish(const Intent& intent, const std::string& challenge, Exchange exchange,
              OutgoingResult result);
  void Retry(const Intent& intent, const OutgoingResult& result, Time now, Exchange exchange);
  void SendDenial(DenialJob job, Time now);
  void Done(const Intent& intent, const Result<void>& kept);

  Store& store_;
  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  Random& random_;
  const VerifierOptions options_;
  std::function<void()> wake_;

  Time next_due_ = Time::min();      // when an intent may be due; min: ask the store
  Time paused_until_ = Time::min();  // while the store takes no writes
  Time wide_look_at_ = Time::min();  // not before then
  std::map<Key, std::string> busy_;  // in flight, or waiting for the store, with their origin
  std::map<std::string, std::size_t> origins_;  // how many of busy_ each has
  std::deque<DenialJob> denials_;
  std::size_t in_flight_ = 0;
  bool stopped_ = false;
};

}  // namespace websub::hub
