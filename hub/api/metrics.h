// What the hub counts of itself, as Prometheus reads it (GET /metrics).
//
// Every series is there from the start, and is found by an index: counting a delivery looks up no
// name and allocates nothing. No label holds what a peer chose, so their number is fixed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/exchange.h"
#include "core/time.h"
#include "hub/store/query.h"
#include "hub/store/types.h"

namespace websub::hub {

// What is not counted but looked at when somebody asks.
struct Gauges {
  Counts counts;
  StoreSize size;
  MessageId last_message = 0;
  bool takes_writes = true;
  std::size_t exchanges_waiting = 0;  // for the store
  std::size_t deliveries_due = 0;     // subscriptions that are being caught up
  struct {
    std::size_t deliveries = 0;
    std::size_t resends = 0;
    std::size_t verifications = 0;  // and denials
    std::size_t fetches = 0;        // of topics, and of content that a message names
  } in_flight;
  std::size_t connections = 0;
  std::size_t followers = 0;
};

// Used on the loop's thread only.
class Metrics {
 public:
  explicit Metrics(Time started);
  ~Metrics();

  // An exchange was recorded.
  void Count(const Exchange& exchange);
  // An attempt to deliver meant something; `since_message` is how long ago the message was
  // accepted.
  void Count(const DeliveryOutcome& outcome, Duration since_message);
  // A request was answered 429 at the door.
  void CountTurnedAway();

  // In the text format, version 0.0.4.
  std::string Text(const Gauges& gauges) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace websub::hub
