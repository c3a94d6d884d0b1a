// Findings (core/finding.h) as the commands print them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "core/finding.h"

namespace websub::cli {

// {"slug", "requirement", "severity", "what", "cause", "next"}, and "exchange" ("x12") where it was
// seen in one.
Json FindingJson(const Finding& finding);

// Sets "finding" to the first, and "findings" to all where there are several.
void AddFindings(Json& object, const std::vector<Finding>& findings);

// Three lines on stdout, wrapped where that is a terminal: what, cause, next.
void PrintFinding(Output& output, const Finding& finding);
// Cause and next step only, where what happened was said already.
void PrintAdvice(Output& output, const Finding& finding);

// "likely cause: …; next: …", for a line of a log.
std::string Advice(const Finding& finding);

}  // namespace websub::cli
