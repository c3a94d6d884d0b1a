// websub completion: prints the completion of a shell, and what the local hub offers to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/hub_access.h"
#include "cli/output.h"

namespace websub::cli {

struct CompletionOptions {
  std::vector<std::string> shell;  // at most one
  bool topics = false;             // print these instead of a script
  bool ids = false;
  std::optional<std::string> hub;  // whose they are
  ApiTokenOptions api_token;
  OutputOptions output;
};

CommandHelp HelpOf(const CompletionOptions&);
void Define(FlagSet& flags, CompletionOptions& options);
ExitStatus Run(Environment& environment, const CompletionOptions& options);

}  // namespace websub::cli
