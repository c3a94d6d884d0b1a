// The story of a subscription, step by step, for people: `inspect timeline`.
#pragma once

#include <cstddef>

#include "cli/output.h"
#include "core/time.h"

namespace websub::cli::inspect {

// `story` is what /api/v1/subscriptions/ID/timeline answers; `width` the terminal's, 0 where there
// is none. Each step takes a line, or two where the terminal is too narrow for one or the answer
// needs to be seen.
void PrintTimeline(Output& output, const Json& story, Time now, std::size_t width);

}  // namespace websub::cli::inspect
