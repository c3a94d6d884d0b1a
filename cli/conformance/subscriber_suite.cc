// The suite of the subscriber role: docs/requirements.tsv, SUB.
#include <algorithm>
#include <iterator>
#include <memory>

#include "cli/conformance/subscriber_bench.h"

namespace websub::cli::conformance {

namespace {

Case CaseOf(Environment& environment, const std::shared_ptr<const Target>& target,
            const Told& told) {
  std::string label = told.name;
  std::replace(label.begin(), label.end(), '/', '-');
  return {.name = told.name,
          .title = told.title,
          .run =
              [&environment, target, label, story = told.story](Scene& scene) {
                SubscriberBench bench(environment, *target, scene, label);
                return story(bench);
              },
          // One person subscribes to one topic at a time.
          .alone = told.alone || target->interactive};
}

}  // namespace

std::vector<Case> SubscriberCases(Environment& environment, const Target& target) {
  const auto shared = std::make_shared<const Target>(target);
  std::vector<Case> all;
  for (const auto& stories :
       {DiscoveryStories, DocumentStories, RequestStories, UniquenessStories, VerificationStories,
        LifetimeStories, DeliveryStories, SubscriberSecurityStories}) {
    for (const Told& told : stories()) all.push_back(CaseOf(environment, shared, told));
  }
  // In the order of the requirements.
  std::vector<Case> cases;
  for (const Requirement& requirement : Requirements()) {
    std::copy_if(all.begin(), all.end(), std::back_inserter(cases),
                 [&](const Case& one) { return &one.requirement() == &requirement; });
  }
  return cases;
}

}  // namespace websub::cli::conformance
