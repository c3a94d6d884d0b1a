// What the forms of a report share: the order of its cases, and evidence in few lines of text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/conformance/report.h"

namespace websub::cli::conformance {

// The cases of one section of the Recommendation, or of one group beyond it.
struct SectionCases {
  std::string title;  // "5.3.1 Verification of intent", or "beyond: retries"
  std::vector<const CaseResult*> cases;
};
// In the order of the sections, those beyond last.
std::vector<SectionCases> BySection(const Report& report);

// "5.3.1 Verification of intent"; a section without a title of ours stands alone.
std::string SectionTitle(const Requirement& requirement);

// A failure that --expected-failures does not name.
bool FailsUnexpectedly(const CaseResult& one);

// What is to be said of a case: its message and, of a failure, its cause. Two sentences at most.
std::string Sentence(const CaseResult& one);

// Of a name in Report::unexpected_passes.
std::string UnexpectedPass(const std::string& name);

// "40 passed, 1 failed, 0 skipped, 2 not observable"; failures that were expected are named where
// there are some.
std::string CountText(const Count& count);
// The levels of which there are cases, in order.
std::vector<Level> LevelsOf(const Report& report);

// Something that the suite wrote down itself: no exchange.
bool IsNote(const Evidence& evidence);
// "POST", from the request as it was sent; empty where that is not known.
std::string MethodOf(const Exchange& exchange);
// "202", or "no answer: refused".
std::string AnswerOf(const Exchange& exchange);
// "12.3 ms", "3.5 s".
std::string SpanText(Duration duration);

struct ExcerptLine {
  enum class Kind {
    kTitle,     // who asked whom for what, and the answer
    kRequest,   // a header line or a line of the body; Text adds "> "
    kResponse,  // the same of the answer, with "< "
    kNote,
  };
  Kind kind = Kind::kTitle;
  std::string text;  // on one line, with nothing that could drive a terminal
};

// The exchanges of a case, each as one line and what matters of its heads and bodies below: the
// fields that decide, the first lines of the bodies. Of many exchanges the first and the last.
std::vector<ExcerptLine> Excerpt(const CaseResult& one);
// The same as one text, a '\n' at the end of each line.
std::string ExcerptText(const CaseResult& one);

}  // namespace websub::cli::conformance
