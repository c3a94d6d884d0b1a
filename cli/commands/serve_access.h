// The flags of `serve` about who may do what.
#pragma once

#include <string>

#include "cli/commands/serve.h"
#include "cli/output.h"

namespace websub::cli {

// --auth and --max-requests-per-identity.
void DefineAccess(FlagSet& flags, ServeOptions& options);

// Reads the file of --auth, where there is one; warns where others may read it too.
Result<std::optional<hub::Policy>> ReadAccess(const ServeOptions& options, Output& output);

// Who may use the hub, in a few words for people.
std::string DescribeAccess(const ServeOptions& options);

// A sentence for a hub that everybody on a network may use; empty where that is not so.
std::string WarnOfOpenHub(const ServeOptions& options, const hub::HubOptions& hub);

}  // namespace websub::cli
