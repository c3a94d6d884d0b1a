// "Why did I get nothing?": the way of a message, from the request to subscribe to the callback's
// 2xx, as far as it came. Pure: what a hub recorded goes in, steps and findings come out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/exchange.h"
#include "core/finding.h"
#include "core/time.h"

namespace websub {

// A subscription as the hub shows it.
struct ExplainedSubscription {
  std::string callback;
  std::string state;  // "active"
  Time created_at;
  std::optional<Time> verified_at;
  std::optional<Time> expires_at;
  std::optional<Time> ended_at;
  std::int64_t lease_seconds = 0;
  std::int64_t cursor = 0;  // the last message acknowledged or given up
  std::int64_t behind = 0;
  std::optional<Time> retry_at;
  int attempts = 0;                           // of what waits for its retry
  std::optional<Time> verification_due = {};  // a verification or denial waits
};

struct ExplainedMessage {
  std::int64_t id = 0;
  Time at;
};

struct ExplainedDeadLetter {
  std::int64_t message = 0;
  Time at;
  int attempts = 0;
  std::string reason;
};

// A topic that differs from the one asked for in its spelling only, and what came for it.
struct AlmostTopic {
  std::string url;
  std::optional<Time> published_at;  // the latest publish or message
  std::int64_t exchange = 0;         // of the publish; 0 where it is not known
};

// All exchanges newest first, and only the newest ones: some of each are enough.
struct ExplanationFacts {
  Time now;
  std::string topic;
  std::optional<ExplainedSubscription> subscription;
  std::vector<Exchange> requests;       // subscribe
  std::vector<Exchange> verifications;  // verify
  std::vector<Exchange> denials;
  std::vector<Exchange> hooks;  // that refused or failed
  std::vector<Exchange> publishes;
  std::vector<Exchange> fetches;
  std::vector<Exchange> deliveries;
  std::optional<ExplainedMessage> newest;  // of the topic's log
  std::optional<ExplainedMessage> next;    // the first that the subscription waits for
  std::optional<ExplainedDeadLetter> dead_letter;
  std::vector<AlmostTopic> almost;
};

enum class StepState { kOk, kStopped, kNotReached };

std::string_view Name(StepState state);  // "ok", "stopped", "not-reached"

struct ExplanationStep {
  std::string name;  // "requested", "verified", …, stable, for scripts
  StepState state = StepState::kNotReached;
  std::string text = {};  // one clause; empty where it was not reached
  std::optional<Time> at = {};
  std::int64_t exchange = 0;  // 0: none
};

struct Explanation {
  std::vector<ExplanationStep> steps;
  std::vector<Finding> findings;  // the first says why it stopped, or that nothing is wrong

  const ExplanationStep* Stopped() const;  // null where all is well
};

// requested -> accepted -> verified -> active -> published -> fetched -> in the log -> delivered.
// Where there is no subscription the first step is where it stops, and the topic's own steps
// (published, fetched, in the log) are told all the same.
Explanation Explain(const ExplanationFacts& facts);

}  // namespace websub
