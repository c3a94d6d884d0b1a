// Asks a topic for its hub and self, as `discover`, `subscribe` and `publish` do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/http_call.h"
#include "core/discovery.h"

namespace websub::cli {

struct TopicLookup {
  FollowedResult fetch;
  // Of the last answer; empty where none came, or where it was no 2xx.
  Discovery discovery;
  // What discovery itself cannot see: a body that was cut or compressed, a status that is no
  // success.
  std::vector<Warning> warnings;

  bool HasAnswer() const { return fetch.last.Answered(); }
  bool Complete() const { return !discovery.hubs.empty() && discovery.self.has_value(); }
};

// Fetches the topic, redirects followed (SUB-REQ-02), and reads its links. `fields` are sent along,
// and `own` as far as redirects stay at the topic's origin.
TopicLookup LookUpTopic(HttpCaller& caller, const std::string& url, CallFields fields = {},
                        CallFields own = {});

// The status to end with where a command cannot go on without hub and topic: kNotFound, or that of
// the call that failed; and the sentence for it.
ExitStatus StatusOf(const TopicLookup& lookup);
std::string Explain(const TopicLookup& lookup);
// What is odd about the topic although it may be complete, a sentence each.
std::vector<std::string> Remarks(const TopicLookup& lookup);

}  // namespace websub::cli
