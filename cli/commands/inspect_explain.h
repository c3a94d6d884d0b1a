// "Why did I get nothing?": `inspect explain`.
#pragma once

#include <string>

#include "cli/commands/inspect_facts.h"

namespace websub::cli::inspect {

// `what` is the id of a subscription ("s1"), that of a topic ("t1"), or a topic. Of a topic the
// newest subscriptions in force are told, or the newest ones where there are none in force.
// kCheckFailed where a step stopped.
ExitStatus ExplainWhat(Output& output, const AskApi& ask, const std::string& what, Time now);

}  // namespace websub::cli::inspect
