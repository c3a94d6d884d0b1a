// Known gaps: the file of --expected-failures names a case on each line (as --only does), '#'
// begins a remark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/conformance/suite.h"
#include "core/result.h"

namespace websub::cli::conformance {

class ExpectedFailures {
 public:
  // kInvalid names the file, the line and the nearest case where a line names none of them.
  static Result<ExpectedFailures> Parse(const std::string& file, std::string_view text,
                                        const std::vector<Case>& cases);

  // Marks the failures that were expected. Returns the lines of which every case that was run has
  // passed: the gap is closed.
  std::vector<std::string> Apply(std::vector<CaseResult>& results) const;

 private:
  struct Line {
    std::string text;
    std::vector<std::string> names;  // of the cases that it names
  };
  std::vector<Line> lines_;
};

}  // namespace websub::cli::conformance
