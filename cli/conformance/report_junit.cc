#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/conformance/report.h"
#include "cli/conformance/report_escape.h"
#include "cli/conformance/report_text.h"

namespace websub::cli::conformance {
namespace {

std::string Seconds(Duration duration) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.3f",
                static_cast<double>(duration.count()) / 1'000'000);
  return buffer.data();
}

std::string Attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + EscapeXmlAttribute(value) + "\"";
}

struct Tally {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  Duration took{0};

  void Add(const CaseResult& one) {
    ++tests;
    took += one.took;
    if (one.internal_error) {
      ++errors;
    } else if (FailsUnexpectedly(one)) {
      ++failures;
    } else if (one.outcome.verdict != Verdict::kPassed) {
      ++skipped;
    }
  }
  std::string Attributes() const {
    return Attribute("tests", std::to_string(tests)) +
           Attribute("failures", std::to_string(failures)) +
           Attribute("errors", std::to_string(errors));
  }
};

// What became of a case, as the elements inside of its own. The format knows no level and nothing
// that cannot be seen: those stand in the words.
std::string Inside(const CaseResult& one) {
  const std::string message = Sentence(one);
  if (one.internal_error) {
    return "      <error type=\"internal\"" + Attribute("message", message) + "/>\n";
  }
  switch (one.outcome.verdict) {
    case Verdict::kPassed:
      return "";
    case Verdict::kSkipped:
      return "      <skipped" + Attribute("message", message) + "/>\n";
    case Verdict::kUnobservable:
      return "      <skipped" + Attribute("message", "not observable: " + message) + "/>\n";
    case Verdict::kFailed:
      break;
  }
  const std::string evidence =
      one.evidence.empty() ? ""
                           : "      <system-out>" + EscapeXml(ExcerptText(one)) + "</system-out>\n";
  if (one.expected_failure) {
    return "      <skipped" + Attribute("message", "failed as expected: " + message) + "/>\n" +
           evidence;
  }
  const std::string text = one.requirement->level == Level::kBeyond
                               ? std::string(one.requirement->text)
                               : std::string(one.requirement->text) + " (section " +
                                     std::string(one.requirement->section) + ")";
  return "      <failure" + Attribute("type", Name(one.requirement->level)) +
         Attribute("message", message) + ">" + EscapeXml(text) + "</failure>\n" + evidence;
}

std::string CaseXml(const Report& report, const CaseResult& one) {
  const std::string inside = Inside(one);
  return "    <testcase" +
         Attribute("classname", "websub." + report.role + "." + std::string(one.requirement->id)) +
         Attribute("name", one.name + " " + one.title) + Attribute("time", Seconds(one.took)) +
         (inside.empty() ? "/>\n" : ">\n" + inside + "    </testcase>\n");
}

std::string SuiteXml(const Report& report, const std::string& name, const Tally& tally,
                     const std::string& cases) {
  return "  <testsuite" + Attribute("name", name) + tally.Attributes() +
         Attribute("skipped", std::to_string(tally.skipped)) +
         Attribute("time", Seconds(tally.took)) +
         // Without fractions and zone, as the schema's readers want it; UTC.
         Attribute("timestamp", FormatRfc3339(report.started_at).substr(0, 19)) + ">\n" + cases +
         "  </testsuite>\n";
}

}  // namespace

std::string ReportJunit(const Report& report) {
  Tally all;
  std::string suites;
  for (const SectionCases& section : BySection(report)) {
    Tally tally;
    std::string cases;
    for (const CaseResult* one : section.cases) {
      tally.Add(*one);
      all.Add(*one);
      cases += CaseXml(report, *one);
    }
    suites += SuiteXml(report, section.title, tally, cases);
  }
  if (!report.unexpected_passes.empty()) {
    Tally tally;
    std::string cases;
    for (const std::string& name : report.unexpected_passes) {
      ++tally.tests;
      ++tally.failures;
      cases += "    <testcase" + Attribute("classname", "websub." + report.role + ".expected") +
               Attribute("name", name) + Attribute("time", Seconds(Duration(0))) +
               ">\n      <failure type=\"unexpected-pass\"" +
               Attribute("message", UnexpectedPass(name)) + "/>\n    </testcase>\n";
    }
    all.tests += tally.tests;
    all.failures += tally.failures;
    suites += SuiteXml(report, "expected failures", tally, cases);
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
         Attribute("name", "websub conformance " + report.role + " " + report.target) +
         all.Attributes() + Attribute("time", Seconds(report.took)) + ">\n" + suites +
         "</testsuites>\n";
}

}  // namespace websub::cli::conformance
