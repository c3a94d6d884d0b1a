// What happens at a hub, as it happens: `inspect watch`.
#pragma once

#include <cstdint>
#include <optional>

#include "cli/commands/inspect_source.h"
#include "cli/output.h"
#include "core/form.h"
#include "core/time.h"

namespace websub::cli::inspect {

struct WatchOptions {
  Form query;  // filters of /api/v1/events, `since` where it begins in the past
  std::optional<std::int64_t> count;
  std::optional<Duration> timeout;  // for the whole run
  std::optional<Duration> idle;     // from one event to the next
};

// Follows until one of these ends it, or a signal. A hub that goes away is asked again, and what
// happened meanwhile comes then. kTimeout where time ran out; what a first question is answered
// with where that is no success.
ExitStatus Watch(Output& output, Source& source, const WatchOptions& options);

// An event on a line: when, its id, which way, what kind, the answer, what it is about.
std::vector<Piece> EventLine(const Json& event);

}  // namespace websub::cli::inspect
