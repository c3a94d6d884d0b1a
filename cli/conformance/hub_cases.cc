#include "cli/conformance/hub_cases.h"

namespace websub::cli::conformance {

std::vector<Case> HubCases(const Target& target) {
  CaseList cases(target);
  AddRequestCases(cases);
  AddBadRequestCases(cases);
  AddRenewalCases(cases);
  AddUnsubscribeCases(cases);
  AddUrlCases(cases);
  AddVerificationCases(cases);
  AddEchoCases(cases);
  AddLeaseCases(cases);
  AddContentCases(cases);
  AddAnswerCases(cases);
  AddSignatureCases(cases);
  AddRetryCases(cases);
  AddDurabilityCases(cases);
  AddDialectCases(cases);
  AddHubSecurityCases(cases);
  return cases.Take();
}

}  // namespace websub::cli::conformance
