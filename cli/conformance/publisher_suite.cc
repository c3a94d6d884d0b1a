// The suite of the publisher role: docs/requirements.tsv, PUB.
#include <memory>

#include "cli/conformance/publisher_bench.h"

namespace websub::cli::conformance {

std::vector<Case> PublisherCases(Environment&, const Target& target) {
  std::vector<Case> cases;
  const auto shared = std::make_shared<const Target>(target);
  for (const auto& part :
       {PublisherDiscoveryCases, PublisherRepresentationCases, PublisherNotificationCases}) {
    for (const PublisherCase& one : part()) {
      cases.push_back({.name = one.name,
                       .title = one.title,
                       .run =
                           [shared, run = one.run](Scene& scene) {
                             PublisherBench bench(*shared, scene);
                             return run(bench);
                           },
                       .alone = one.alone});
    }
  }
  return cases;
}

}  // namespace websub::cli::conformance
