// websub verify-sig: checks or makes the signature of a delivery.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/shared_flags.h"
#include "core/finding.h"

namespace websub::cli {

struct VerifySigOptions {
  std::vector<std::string> files;  // at most one; none is stdin
  std::optional<std::string> signature;
  SecretOptions secret;
  bool sign = false;
  std::string algorithm = "sha256";  // of --sign
  std::optional<std::string> request;
  OutputOptions output;
};

CommandHelp HelpOf(const VerifySigOptions&);
void Define(FlagSet& flags, VerifySigOptions& options);
ExitStatus Run(Environment& environment, const VerifySigOptions& options);

// A saved HTTP request, taken apart.
struct SavedRequest {
  std::optional<std::string> signature;  // of its first X-Hub-Signature field
  std::string body;
  std::vector<std::string> notes;        // what is odd about it, a sentence each
  std::optional<Finding> misnamed = {};  // its signature stands in another field
};

// kInvalid where there is no head, or its body came in chunks.
Result<SavedRequest> ReadSavedRequest(std::string_view bytes);

}  // namespace websub::cli
