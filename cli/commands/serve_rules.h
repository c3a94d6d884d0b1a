// The flags of `serve` about what is different for some callbacks.
#pragma once

#include "cli/commands/serve.h"

namespace websub::cli {

// --signature-algorithm-for and --content-type-for; both may be repeated.
void DefineCallbackRules(FlagSet& flags, hub::CallbackRules& rules);

}  // namespace websub::cli
