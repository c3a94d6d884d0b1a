#include "cli/conformance/suite.h"

namespace websub::cli::conformance {

std::vector<Case> PublisherCases(Environment&, const Target&) {
  return {};
}

}  // namespace websub::cli::conformance
