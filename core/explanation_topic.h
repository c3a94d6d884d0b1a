// The topic's part of an explanation: from the publish message to the message in the log. For
// core/explanation.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/explanation.h"

namespace websub {

// Where a step ends the walk: why. The first finding is the one that matters.
using Stop = std::optional<std::vector<Finding>>;

class TopicSteps {
 public:
  // Keeps a reference to the facts.
  explicit TopicSteps(const ExplanationFacts& facts) : facts_(facts), its_(facts.subscription) {}

  Stop Published(ExplanationStep& step) const;
  Stop Fetched(ExplanationStep& step) const;
  Stop InTheLog(ExplanationStep& step) const;

  // Topics that are spelled almost like this one: all, or those for which something came.
  enum class Counts { kAll, kPublished };
  std::vector<Finding> Almost(const std::string& lead, Counts counts) const;

 private:
  Time Since() const;
  const Exchange* NewestPublish() const;
  bool HasUndelivered() const;
  Stop FromInbox(ExplanationStep& step, const Exchange& publish) const;

  const ExplanationFacts& facts_;
  const std::optional<ExplainedSubscription>& its_;
};

// "answered 404", or the fault.
std::string AnsweredText(const Exchange& exchange);
bool Succeeded(const Exchange& exchange);
std::string MessageName(std::int64_t id);  // "message m1"
void Place(ExplanationStep& step, const Exchange& exchange, std::string text);

}  // namespace websub
