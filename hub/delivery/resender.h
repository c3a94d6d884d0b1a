// Deliveries that a person asks for: a message is sent to a subscription once more, signed as now.
// It is beside the lanes (deliverer.h): no cursor moves, nothing is retried, no subscription ends,
// whatever the answer. What was sent and answered is recorded as an exchange of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "core/exchange.h"
#include "hub/clock.h"
#include "hub/delivery/deliverer.h"
#include "hub/store/recorder.h"
#include "hub/store/store.h"
#include "hub/transport.h"

namespace websub::hub {

// Used on the loop's thread only.
class Resender {
 public:
  // `options`: those that the deliverer works by.
  Resender(Store& store, Transport& transport, Recorder& recorder, const Clock& clock,
           const DeliveryOptions& options);

  // The exchange that was made of it, as it is recorded; its id is 0 where that cannot be told.
  // kNotFound: there is no such exchange or letter. kConflict: the exchange is no delivery, the
  // subscription is over, or the message is kept no longer. kTooMany: others are under way.
  using Sent = std::function<void(Result<Exchange>)>;

  // The delivery once more: the same bytes, entries left out of a feed included.
  void Resend(ExchangeId id, Sent done);
  // The letter's message; on 2xx the letter goes.
  void Retry(DeadLetterId id, Sent done);

  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Job {
    Message message;
    std::string entries;  // the field that tells which of a feed's are in the body
    SubscriptionId subscription = 0;
    int attempt = 1;
    DeadLetterId letter = 0;  // 0: none
    Sent done;
  };

  void Send(Job job);
  void Finish(const Job& job, Exchange exchange, OutgoingResult result);
  void Tell(const Job& job, Exchange exchange);

  Store& store_;
  Transport& transport_;
  Recorder& recorder_;
  const Clock& clock_;
  const DeliveryOptions options_;
  std::size_t in_flight_ = 0;
};

}  // namespace websub::hub
