// websub config: which settings hold for a command, and where each comes from.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/shared_flags.h"

namespace websub::cli {

struct ConfigOptions {
  std::vector<std::string> command;  // none: all commands, but only what is set
  bool all = false;
  std::vector<std::string> flags;  // of that command, as if it were run with them
  ConfigChoice files;
  OutputOptions output;
};

CommandHelp HelpOf(const ConfigOptions&);
void Define(FlagSet& flags, ConfigOptions& options);
ExitStatus Run(Environment& environment, const ConfigOptions& options);

}  // namespace websub::cli
