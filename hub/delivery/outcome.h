// What an attempt to deliver means (section 7).
#pragma once

#include <string>
#include <variant>

#include "core/backoff.h"
#include "hub/transport.h"

namespace websub::hub {

struct Delivered {};
struct Gone {};
struct RetryAt {
  Time at;
  std::string reason;  // "answered 500"
};
struct GivenUp {
  std::string reason;  // "answered 500; no success in 13 attempts"
};
using AttemptOutcome = std::variant<Delivered, Gone, RetryAt, GivenUp>;

struct Attempt {
  int number = 1;      // this one
  Time first_attempt;  // of this message to this subscription
  Time now;            // when it ended
  double jitter = 0.5;
};

// Any 2xx delivers, whatever the body (HUB-DIS-05); 410 ends the subscription (HUB-DIS-06);
// everything else, redirects and faults included, is a failure (HUB-DIS-07) that is tried again
// within the limits of the policy (HUB-DIS-08). Retry-After counts on 429 and 503.
AttemptOutcome Classify(const OutgoingResult& result, const Attempt& attempt,
                        const RetryPolicy& policy);

// The same where the body counts, too (an echo, a topic's content): a 2xx whose body broke off is a
// failure like any other fault.
AttemptOutcome ClassifyWhole(const OutgoingResult& result, const Attempt& attempt,
                             const RetryPolicy& policy);

// ", retry in 2s".
std::string RetryIn(Time at, Time now);

// "answered 500", or the fault's own sentence, also where a 2xx broke off.
std::string DescribeFailure(const OutgoingResult& result);

}  // namespace websub::hub
