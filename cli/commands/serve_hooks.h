// The flags of `serve` about the operator's own code.
#pragma once

#include "cli/commands/serve.h"

namespace websub::cli {

// --hook, --hook-command (at most one of them), --hook-events, --hook-timeout, --hook-concurrency
// and --hook-authorization.
void DefineHooks(FlagSet& flags, ServeOptions& options);

}  // namespace websub::cli
