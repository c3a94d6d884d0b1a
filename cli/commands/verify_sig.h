// websub verify-sig: checks or makes the signature of a delivery.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/shared_flags.h"

namespace websub::cli {

struct VerifySigOptions {
  std::vector<std::string> files;  // at most one; none is stdin
  std::vector<std::string> signatures;
  SecretOptions secret;
  bool sign = false;
  std::string algorithm = "sha256";  // of --sign
  std::optional<std::string> request;
  OutputOptions output;
};

CommandHelp HelpOf(const VerifySigOptions&);
void Define(FlagSet& flags, VerifySigOptions& options);
ExitStatus Run(Environment& environment, const VerifySigOptions& options);

}  // namespace websub::cli
