// The suite of the subscriber role: docs/requirements.tsv, SUB.
#include <algorithm>
#include <memory>

#include "cli/conformance/subscriber_bench.h"

namespace websub::cli::conformance {

std::vector<Case> SubscriberCases(Environment& environment, const Target& target) {
  std::vector<Case> cases;
  const auto shared = std::make_shared<const Target>(target);
  for (const auto& stories :
       {DiscoveryStories, DocumentStories, RequestStories, VerificationStories, LifetimeStories,
        DeliveryStories, SubscriberSecurityStories}) {
    for (const Told& told : stories()) {
      std::string label = told.name;
      std::replace(label.begin(), label.end(), '/', '-');
      cases.push_back({.name = told.name,
                       .title = told.title,
                       .run =
                           [&environment, shared, label, story = told.story](Scene& scene) {
                             SubscriberBench bench(environment, *shared, scene, label);
                             return story(bench);
                           },
                       // One person subscribes to one topic at a time.
                       .alone = told.alone || target.interactive});
    }
  }
  // In the order of the requirements.
  std::stable_sort(cases.begin(), cases.end(), [](const Case& a, const Case& b) {
    return &a.requirement() < &b.requirement();
  });
  return cases;
}

}  // namespace websub::cli::conformance
