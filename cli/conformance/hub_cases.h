// The parts of the hub's suite, a function for each file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/conformance/hub_bench.h"

namespace websub::cli::conformance {

class CaseList {
 public:
  explicit CaseList(const Target& target) : target_(std::make_shared<const Target>(target)) {}
  void Add(std::string name, std::string title, std::function<Outcome(HubBench&)> story) {
    cases_.push_back(HubCase(target_, std::move(name), std::move(title), std::move(story)));
  }
  std::vector<Case> Take() { return std::move(cases_); }

 private:
  std::shared_ptr<const Target> target_;  // the cases may outlive the one that was given
  std::vector<Case> cases_;
};

void AddRequestCases(CaseList& cases);       // what is asked of the hub, and its answer
void AddBadRequestCases(CaseList& cases);    // what it has to refuse
void AddRenewalCases(CaseList& cases);       // asking again
void AddUnsubscribeCases(CaseList& cases);   // and ending it
void AddUrlCases(CaseList& cases);           // callbacks and topics, byte for byte
void AddVerificationCases(CaseList& cases);  // what the hub asks the callback
void AddEchoCases(CaseList& cases);          // and which answers verify
void AddLeaseCases(CaseList& cases);         // how long it lasts
void AddContentCases(CaseList& cases);       // deliveries: body, type, links
void AddAnswerCases(CaseList& cases);        // deliveries: what the subscriber answers
void AddSignatureCases(CaseList& cases);     // deliveries: signed, or not
void AddRetryCases(CaseList& cases);         // --group retries, order
void AddDurabilityCases(CaseList& cases);    // --group durability
void AddDialectCases(CaseList& cases);       // --group dialects
void AddHubSecurityCases(CaseList& cases);   // --group security

}  // namespace websub::cli::conformance
