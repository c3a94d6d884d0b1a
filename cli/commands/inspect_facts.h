// What a hub shows of one topic or subscription, gathered for an explanation: the newest few of
// each kind, so that the cost does not grow with what the hub keeps.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/output.h"
#include "core/explanation.h"
#include "core/form.h"

namespace websub::cli::inspect {

// Asks /api/v1: the body of a success, or the status to end with, which was told already.
using AskApi =
    std::function<tl::expected<Json, ExitStatus>(const std::string& path, const Form& query)>;

// An exchange as /api/v1 shows it, whole or not. What is missing reads as nothing.
Exchange ReadExchange(const Json& json);

struct GatheredFacts {
  std::string id;  // of the subscription; empty where there is none
  ExplanationFacts facts;
};

// `subscription` is the API's view of it.
tl::expected<GatheredFacts, ExitStatus> GatherSubscription(const AskApi& ask,
                                                           const Json& subscription, Time now);
// Of a topic that nobody is subscribed to.
tl::expected<GatheredFacts, ExitStatus> GatherTopic(const AskApi& ask, const std::string& topic,
                                                    Time now);

}  // namespace websub::cli::inspect
