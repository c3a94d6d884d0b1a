// One thing, whole, for people: `inspect show ID` and `inspect status`.
#pragma once

#include "cli/output.h"
#include "core/time.h"

namespace websub::cli::inspect {

// A topic, a subscription, a dead letter: names and values. A message: those, and its body.
void PrintRecord(Output& output, const Json& item, Time now);
// An exchange: the raw request and answer, marked as curl -v does, timings and outcome above them.
void PrintExchange(Output& output, const Json& exchange, Time now);
void PrintStatus(Output& output, const Json& status);

}  // namespace websub::cli::inspect
