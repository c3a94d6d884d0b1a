#include "cli/finding_output.h"

namespace websub::cli {
namespace {

constexpr std::size_t kLabel = 7;  // columns of "cause  "

void PrintLabelled(Output& output, std::string_view label, std::string text, Style style) {
  std::string padded(label);
  padded.resize(kLabel, ' ');
  output.Wrapped({{std::move(padded), Style::kDim}, {std::move(text), style}}, kLabel);
}

}  // namespace

Json FindingJson(const Finding& finding) {
  const CatalogueEntry& entry = finding.entry();
  Json json{{"slug", entry.slug},
            {"requirement", entry.requirement},
            {"severity", Name(entry.severity)},
            {"what", finding.what},
            {"cause", entry.cause},
            {"next", entry.next}};
  if (finding.exchange_id) json["exchange"] = "x" + std::to_string(*finding.exchange_id);
  return json;
}

void AddFindings(Json& object, const std::vector<Finding>& findings) {
  if (findings.empty()) return;
  object["finding"] = FindingJson(findings.front());
  if (findings.size() == 1) return;
  object["findings"] = Json::array();
  for (const Finding& finding : findings) object["findings"].push_back(FindingJson(finding));
}

void PrintFinding(Output& output, const Finding& finding) {
  const Severity severity = finding.entry().severity;
  PrintLabelled(output, "what", finding.what,
                severity == Severity::kError     ? Style::kBad
                : severity == Severity::kWarning ? Style::kWarning
                                                 : Style::kPlain);
  PrintAdvice(output, finding);
}

void PrintAdvice(Output& output, const Finding& finding) {
  PrintLabelled(output, "cause", std::string(finding.entry().cause), Style::kPlain);
  PrintLabelled(output, "next", std::string(finding.entry().next), Style::kStrong);
}

std::string Advice(const Finding& finding) {
  return "likely cause: " + std::string(finding.entry().cause) +
         "; next: " + std::string(finding.entry().next);
}

}  // namespace websub::cli
