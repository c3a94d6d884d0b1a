// The flags of `serve` about how secrets are kept.
#pragma once

#include "cli/commands/serve.h"

namespace websub::cli {

// --secret-key-file and --old-secret-key-file.
void DefineSecretKeys(FlagSet& flags, ServeOptions& options);

// Reads the keys into `hub`; warns where others may read a file too. kInvalid names the flag and
// the file.
Result<void> ReadSecretKeys(Environment& environment, const ServeOptions& options, Output& output,
                            hub::HubOptions& hub);

}  // namespace websub::cli
