#include "cli/conformance/report.h"
#include "cli/conformance/report_escape.h"
#include "cli/conformance/report_text.h"

namespace websub::cli::conformance {
namespace {

// A description or the reason of a directive: '#' would begin a directive.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : Printable(text)) {
    if (c == '#' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string Directive(const CaseResult& one) {
  switch (one.outcome.verdict) {
    case Verdict::kPassed:
      return "";
    case Verdict::kFailed:
      return one.expected_failure ? " # TODO a known gap" : "";
    case Verdict::kSkipped:
      return " # SKIP " + Escaped(one.outcome.message);
    case Verdict::kUnobservable:
      break;
  }
  return " # SKIP not observable: " + Escaped(one.outcome.message);
}

void AddField(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += "  " + std::string(name) + ": " + QuoteYaml(value) + "\n";
}

std::string Diagnosis(const CaseResult& one) {
  std::string out = "  ---\n";
  AddField(out, "message", one.outcome.message);
  AddField(out, "cause", one.outcome.cause);
  AddField(out, "level", Name(one.requirement->level));
  AddField(out, "section", one.requirement->section);
  AddField(out, "requirement", one.requirement->text);
  const std::string evidence = ExcerptText(one);
  if (!evidence.empty()) out += "  evidence: |\n";
  for (std::string_view rest = evidence; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    out += "    " + PlainText(rest.substr(0, end)) + "\n";
    rest.remove_prefix(end + 1);
  }
  return out + "  ...\n";
}

}  // namespace

std::string ReportTap(const Report& report) {
  const std::size_t all = report.cases.size() + report.unexpected_passes.size();
  std::string out = "TAP version 14\n1.." + std::to_string(all) + "\n";
  out += "# " + Printable(report.role + " " + report.target) + "\n";
  std::size_t number = 0;
  for (const CaseResult& one : report.cases) {
    const bool failed = one.outcome.verdict == Verdict::kFailed;
    out += (failed || one.internal_error ? "not ok " : "ok ") + std::to_string(++number) + " - " +
           Escaped(one.name + " " + one.title) + (one.internal_error ? "" : Directive(one)) + "\n";
    if (failed || one.internal_error) out += Diagnosis(one);
  }
  for (const std::string& name : report.unexpected_passes) {
    out += "not ok " + std::to_string(++number) + " - " + Escaped(UnexpectedPass(name)) + "\n";
  }
  for (const Level level : LevelsOf(report)) {
    out += "# " + std::string(Name(level)) + " " + CountText(CountOf(report, level)) + "\n";
  }
  return out;
}

}  // namespace websub::cli::conformance
