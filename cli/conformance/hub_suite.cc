#include "cli/conformance/suite.h"

namespace websub::cli::conformance {

std::vector<Case> HubCases(const Target&) {
  return {};
}

}  // namespace websub::cli::conformance
