// Flags of `websub conformance` that only one role has a use for.
#pragma once

#include <string_view>

#include "cli/environment.h"
#include "core/result.h"

namespace websub::cli::conformance {

// kInvalid where the command line gives a flag of another role: the suite would not do what it
// says.
Result<void> CheckRoleFlags(const Environment& environment, std::string_view role);

}  // namespace websub::cli::conformance
