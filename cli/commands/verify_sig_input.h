// What `verify-sig` judges: a body as it stands in a file, or the requests that a file holds.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/verify_sig.h"
#include "core/finding.h"

namespace websub::cli {

// A delivery, whose signature is to be judged or made.
struct SignedBody {
  // Of a saved request; 0 and empty for a bare body.
  std::size_t number = 0;  // 1, 2, …
  std::size_t line = 0;    // of the file
  std::string method = {};
  std::string target = {};
  // The values to judge: of --signature, else of X-Hub-Signature. Several where the field came more
  // than once, or holds some with commas between them.
  std::vector<std::string> signatures = {};
  std::string body = {};
  std::vector<std::string> notes = {};   // what is odd, a sentence each
  std::optional<Finding> misnamed = {};  // the signature stands in another field
};

// The requests of a file, in order, without those that carry no content (GET and HEAD: a
// verification of intent). Errors are those of ReadSavedRequests, and kInvalid where nothing is
// left.
Result<std::vector<SignedBody>> ReadRequests(std::string_view bytes);

// Those that the options name, at least one. kInvalid where --signature comes with several
// requests.
Result<std::vector<SignedBody>> ReadSignedBodies(Environment& environment,
                                                 const VerifySigOptions& options);

}  // namespace websub::cli
