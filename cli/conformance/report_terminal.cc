#include <algorithm>

#include "cli/conformance/report.h"
#include "cli/conformance/report_text.h"
#include "cli/table.h"
#include "cli/text.h"

namespace websub::cli::conformance {
namespace {

constexpr std::size_t kIndent = 2;

struct Mark {
  std::string word;
  Style style;
};

Mark MarkOf(const CaseResult& one) {
  switch (one.outcome.verdict) {
    case Verdict::kPassed:
      return {"passed", Style::kGood};
    case Verdict::kFailed:
      if (one.expected_failure) return {"expected", Style::kWarning};
      // A SHOULD that fails does not fail the run.
      if (one.requirement->level == Level::kShould || one.requirement->level == Level::kMay) {
        return {"failed", Style::kWarning};
      }
      return {"FAILED", Style::kBad};
    case Verdict::kSkipped:
      return {"skipped", Style::kDim};
    case Verdict::kUnobservable:
      break;
  }
  return {"unseen", Style::kDim};
}

class Printer {
 public:
  Printer(Output& output, const Report& report) : output_(output) {
    for (const CaseResult& one : report.cases) {
      if (Shown(one)) name_ = std::max(name_, PrintedWidth(one.name));
    }
  }

  void Print(const SectionCases& section) {
    const auto passed = static_cast<std::size_t>(std::count_if(
        section.cases.begin(), section.cases.end(),
        [](const CaseResult* one) { return one->outcome.verdict == Verdict::kPassed; }));
    output_.Line(
        {{section.title, Style::kStrong},
         {"  " + std::to_string(passed) + " of " + std::to_string(section.cases.size()) + " passed",
          passed == section.cases.size() ? Style::kGood : Style::kDim}});
    for (const CaseResult* one : section.cases) {
      if (Shown(*one)) Print(*one);
    }
  }

 private:
  bool Shown(const CaseResult& one) const {
    return one.outcome.verdict != Verdict::kPassed || output_.verbose() > 0;
  }

  void Print(const CaseResult& one) {
    const Mark mark = MarkOf(one);
    const std::string indent(kIndent, ' ');
    const bool failed = one.outcome.verdict == Verdict::kFailed;
    output_.Wrapped({{indent + PadRight(mark.word, 8) + "  ", mark.style},
                     {PadRight(std::string(Name(one.requirement->level)), 6) + "  ",
                      failed ? mark.style : Style::kDim},
                     {PadRight(one.name, name_) + "  ", failed ? Style::kStrong : Style::kPlain},
                     {one.title}},
                    kDetail);
    const std::string detail(kDetail, ' ');
    if (!one.outcome.message.empty() && one.outcome.verdict != Verdict::kPassed) {
      output_.Wrapped({{detail + one.outcome.message, failed ? Style::kPlain : Style::kDim}},
                      kDetail);
    }
    if (!one.outcome.cause.empty()) {
      output_.Wrapped({{detail + "cause  ", Style::kDim}, {one.outcome.cause}}, kDetail + 7);
    }
    if (FailsUnexpectedly(one)) PrintEvidence(one);
  }

  void PrintEvidence(const CaseResult& one) {
    const std::string detail(kDetail, ' ');
    for (const ExcerptLine& line : Excerpt(one)) {
      switch (line.kind) {
        case ExcerptLine::Kind::kTitle:
          output_.Line({{detail + line.text, Style::kDim}});
          break;
        case ExcerptLine::Kind::kRequest:
          output_.Line({{detail + "> ", Style::kDim}, {line.text}});
          break;
        case ExcerptLine::Kind::kResponse:
          output_.Line({{detail + "< ", Style::kDim}, {line.text}});
          break;
        case ExcerptLine::Kind::kNote:
          output_.Line({{detail + "  " + line.text, Style::kDim}});
          break;
      }
    }
  }

  static constexpr std::size_t kDetail = kIndent + 8 + 2;  // where the level begins

  Output& output_;
  std::size_t name_ = 0;  // columns of the longest name that is shown
};

void PrintCounts(Output& output, const Report& report) {
  std::vector<Piece> pieces;
  for (const Level level : LevelsOf(report)) {
    const Count count = CountOf(report, level);
    const bool grave = level == Level::kMust || level == Level::kBeyond;
    const Style failed = grave ? Style::kBad : Style::kWarning;
    if (!pieces.empty()) pieces.push_back({" · ", Style::kDim});
    pieces.push_back({std::string(Name(level)) + " ", Style::kStrong});
    pieces.push_back({CountText(count), count.failed > 0 ? failed : Style::kGood});
  }
  if (pieces.empty()) pieces.push_back({"no case was run", Style::kWarning});
  output.Wrapped(pieces, 0);
}

}  // namespace

void PrintReport(Output& output, const Report& report) {
  output.Wrapped(
      {{report.role + "  ", Style::kStrong},
       {report.target},
       {"  " + Plural(report.cases.size(), "case") + " in " + SpanText(report.took), Style::kDim}},
      0);
  output.Line({});
  Printer printer(output, report);
  for (const SectionCases& section : BySection(report)) printer.Print(section);
  output.Line({});
  for (const std::string& name : report.unexpected_passes) {
    output.Wrapped({{UnexpectedPass(name), Style::kBad}}, 0);
  }
  PrintCounts(output, report);
}

}  // namespace websub::cli::conformance
