// The flags of `websub serve` that say how much peers may take and how long things are kept.
#pragma once

#include <string>

#include "cli/commands/serve.h"
#include "cli/flags.h"

namespace websub::cli {

// A time in which something has to come, so never 0. `name` without its metavar: "--idle-timeout".
void DefineWait(FlagSet& flags, const std::string& name, Duration& target, const std::string& help);

// What one peer, and all of them together, may take of the hub.
void DefineLimits(FlagSet& flags, hub::HubOptions& hub);

void DefineRetention(FlagSet& flags, hub::RetentionPolicy& keep);

// kInvalid where limits contradict each other.
Result<void> CheckLimits(const hub::HubOptions& hub);

}  // namespace websub::cli
