#include "cli/conformance/expected_failures.h"

#include <algorithm>

#include "cli/suggest.h"
#include "core/text.h"

namespace websub::cli::conformance {

Result<ExpectedFailures> ExpectedFailures::Parse(const std::string& file, std::string_view text,
                                                 const std::vector<Case>& cases) {
  ExpectedFailures parsed;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = Trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    Line& added = parsed.lines_.emplace_back();
    added.text = line;
    std::vector<std::string> all;
    for (const Case& one : cases) {
      all.push_back(one.name);
      if (Names(added.text, one)) added.names.push_back(one.name);
    }
    if (!added.names.empty()) continue;
    const auto nearest = Nearest(added.text, all);
    return Fail(ErrorCode::kInvalid, file + " line " + std::to_string(number) +
                                         ": no case is named " + Quote(line) +
                                         (nearest ? "; did you mean " + *nearest + "?" : ""));
  }
  return parsed;
}

std::vector<std::string> ExpectedFailures::Apply(std::vector<CaseResult>& results) const {
  std::vector<std::string> closed;
  for (const Line& line : lines_) {
    std::size_t passed = 0;
    std::size_t others = 0;
    for (CaseResult& result : results) {
      if (std::find(line.names.begin(), line.names.end(), result.name) == line.names.end()) {
        continue;
      }
      if (result.outcome.verdict == Verdict::kFailed) result.expected_failure = true;
      ++(result.outcome.verdict == Verdict::kPassed ? passed : others);
    }
    if (passed > 0 && others == 0) closed.push_back(line.text);
  }
  return closed;
}

}  // namespace websub::cli::conformance
