#include "cli/conformance/report.h"
#include "cli/conformance/report_escape.h"
#include "cli/conformance/report_text.h"
#include "cli/text.h"

namespace websub::cli::conformance {
namespace {

constexpr std::size_t kMaxSummary = 900 * 1024;  // bytes; a step may write 1 MiB

// Of a run that has passed, a failed SHOULD is no error.
std::string_view CommandOf(const CaseResult& one) {
  const Level level = one.requirement->level;
  return level == Level::kMust || level == Level::kBeyond ? "error" : "warning";
}

std::string Annotation(std::string_view command, const std::string& title,
                       const std::string& text) {
  return "::" + std::string(command) + " title=" + EscapeCommandProperty(title) +
         "::" + EscapeCommandData(text) + "\n";
}

std::string LevelAndSection(const CaseResult& one) {
  return std::string(Name(one.requirement->level)) + ", " + SectionTitle(*one.requirement);
}

std::string CountRow(const Report& report, Level level) {
  const Count count = CountOf(report, level);
  std::string row = "| " + std::string(Name(level));
  for (const std::size_t number :
       {count.passed, count.failed, count.expected_failures, count.skipped, count.unobservable}) {
    row += " | " + std::to_string(number);
  }
  return row + " |\n";
}

// Every line of an excerpt begins with what tells its kind, so none is empty and none ends the
// block of HTML.
std::string Details(const CaseResult& one) {
  std::string out = "<details><summary><code>" + EscapeXml(one.name) + "</code> " +
                    EscapeXml(one.title) + " <em>(" + EscapeXml(LevelAndSection(one)) +
                    ")</em></summary>\n<p>" + EscapeXml(Printable(Sentence(one))) + "</p>\n";
  const std::string evidence = ExcerptText(one);
  if (!evidence.empty()) out += "<pre>" + EscapeXml(evidence) + "</pre>\n";
  return out + "</details>\n\n";
}

}  // namespace

std::string GithubAnnotations(const Report& report) {
  std::string out;
  for (const CaseResult& one : report.cases) {
    if (!FailsUnexpectedly(one)) continue;
    const std::string cause =
        one.outcome.cause.empty() ? "" : "\nlikely cause: " + one.outcome.cause;
    out += Annotation(CommandOf(one), one.name + ": " + one.title,
                      one.outcome.message + cause + "\n" + LevelAndSection(one));
  }
  for (const std::string& name : report.unexpected_passes) {
    out += Annotation("error", name, UnexpectedPass(name));
  }
  return out;
}

std::string GithubSummary(const Report& report) {
  std::string out = "## WebSub " + EscapeMarkdown(report.role) + ": " +
                    (Fails(report) ? "does not conform" : "conforms") + "\n\n" +
                    EscapeMarkdown(report.target) + ", " + Plural(report.cases.size(), "case") +
                    " in " + SpanText(report.took) + "\n\n" +
                    "| level | passed | failed | failed as expected | skipped | not observable |\n"
                    "|---|--:|--:|--:|--:|--:|\n";
  for (const Level level : LevelsOf(report)) out += CountRow(report, level);
  out += "\n";
  for (const std::string& name : report.unexpected_passes) {
    out += "- " + EscapeMarkdown(UnexpectedPass(name)) + "\n";
  }
  if (!report.unexpected_passes.empty()) out += "\n";
  std::size_t left_out = 0;
  for (const CaseResult& one : report.cases) {
    if (!FailsUnexpectedly(one)) continue;
    const std::string details = Details(one);
    if (out.size() + details.size() > kMaxSummary) {
      ++left_out;
    } else {
      out += details;
    }
  }
  if (left_out > 0) out += Plural(left_out, "failure") + " more: see the other reports\n";
  return out;
}

}  // namespace websub::cli::conformance
