#include "cli/conformance/report.h"

#include <algorithm>

#include "cli/conformance/report_text.h"

namespace websub::cli::conformance {

Count CountOf(const Report& report, Level level) {
  Count count;
  for (const CaseResult& one : report.cases) {
    if (one.requirement->level != level) continue;
    switch (one.outcome.verdict) {
      case Verdict::kPassed:
        ++count.passed;
        break;
      case Verdict::kFailed:
        ++(one.expected_failure ? count.expected_failures : count.failed);
        break;
      case Verdict::kSkipped:
        ++count.skipped;
        break;
      case Verdict::kUnobservable:
        ++count.unobservable;
        break;
    }
  }
  return count;
}

bool Fails(const Report& report) {
  if (!report.unexpected_passes.empty()) return true;
  return std::any_of(report.cases.begin(), report.cases.end(), [](const CaseResult& one) {
    const Level level = one.requirement->level;
    return FailsUnexpectedly(one) && (level == Level::kMust || level == Level::kBeyond);
  });
}

}  // namespace websub::cli::conformance
