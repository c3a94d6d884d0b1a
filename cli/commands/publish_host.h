// `websub publish --host`: serves files as topics, and publishes each change of their content.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/publish.h"

namespace websub::cli {

// Runs until a signal comes, --timeout runs out, or --count publishes are done. `hubs` are URLs,
// each of which every topic names.
ExitStatus RunHost(Environment& environment, const PublishOptions& options,
                   const std::vector<std::string>& hubs);

}  // namespace websub::cli
