#include "cli/conformance/report.h"
#include "cli/conformance/report_escape.h"
#include "cli/conformance/report_html_parts.h"
#include "cli/conformance/report_text.h"
#include "cli/text.h"
#include "core/base64.h"
#include "core/digest.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

// The file may be opened anywhere and holds what peers sent: it loads nothing, runs nothing, and
// only this style sheet counts.
std::string Policy() {
  const std::string hex = Sha256Hex(html::kStyle);
  std::string digest;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    digest += static_cast<char>(HexValue(hex[i]) * 16 + HexValue(hex[i + 1]));
  }
  return "default-src 'none'; style-src 'sha256-" + EncodeBase64(digest) +
         "'; base-uri 'none'; form-action 'none'";
}

std::string ClassOf(const CaseResult& one) {
  switch (one.outcome.verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kSkipped:
    case Verdict::kUnobservable:
      return "unknown";
    case Verdict::kFailed:
      break;
  }
  const Level level = one.requirement->level;
  const bool grave = level == Level::kMust || level == Level::kBeyond;
  return grave && !one.expected_failure ? "failed" : "weak";
}

std::string WordOf(const CaseResult& one) {
  if (one.outcome.verdict == Verdict::kUnobservable) return "not observable";
  if (one.expected_failure) return "failed as expected";
  return std::string(Name(one.outcome.verdict));
}

std::string Anchor(const CaseResult& one) {
  return EscapeXmlAttribute(one.name);
}

std::string CaseHtml(const CaseResult& one) {
  const Requirement& its = *one.requirement;
  const bool failed = one.outcome.verdict == Verdict::kFailed;
  std::string out = "<li id=\"" + Anchor(one) + "\" class=\"case " + ClassOf(one) + "\">\n<h3>" +
                    "<span class=\"verdict\">" + WordOf(one) + "</span> <code>" +
                    EscapeXml(one.name) + "</code> <span class=\"level\">" +
                    std::string(Name(its.level)) + "</span> " + EscapeXml(one.title) + "</h3>\n";
  if (!one.outcome.message.empty()) out += "<p>" + EscapeXml(one.outcome.message) + "</p>\n";
  if (!one.outcome.cause.empty()) {
    out += "<p class=\"cause\"><b>Likely cause</b> " + EscapeXml(one.outcome.cause) + "</p>\n";
  }
  if (failed) {
    out += "<p class=\"requirement\"><b>" + EscapeXml(its.id) + "</b> " + EscapeXml(its.text) +
           ".</p>\n" + html::Sequence(one);
  }
  return out + "</li>\n";
}

std::string CountsHtml(const Report& report) {
  std::string out =
      "<table>\n<thead><tr><th>level</th><th>passed</th><th>failed</th><th>failed as "
      "expected</th><th>skipped</th><th>not observable</th></tr></thead>\n<tbody>\n";
  for (const Level level : LevelsOf(report)) {
    const Count count = CountOf(report, level);
    out += "<tr><th>" + std::string(Name(level)) + "</th>";
    const auto cell = [&](std::size_t number, std::string_view style) {
      out += "<td" + (number > 0 ? " class=\"" + std::string(style) + "\"" : "") + ">" +
             std::to_string(number) + "</td>";
    };
    const bool grave = level == Level::kMust || level == Level::kBeyond;
    cell(count.passed, "passed");
    cell(count.failed, grave ? "failed" : "weak");
    cell(count.expected_failures, "weak");
    cell(count.skipped, "unknown");
    cell(count.unobservable, "unknown");
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table>\n";
}

std::string FailuresHtml(const Report& report) {
  std::string out;
  for (const std::string& name : report.unexpected_passes) {
    out += "<li class=\"failed\">" + EscapeXml(UnexpectedPass(name)) + "</li>\n";
  }
  for (const CaseResult& one : report.cases) {
    if (!FailsUnexpectedly(one)) continue;
    out += "<li class=\"" + ClassOf(one) + "\"><a href=\"#" + Anchor(one) + "\"><code>" +
           EscapeXml(one.name) + "</code></a> " + EscapeXml(one.outcome.message) + "</li>\n";
  }
  return out.empty() ? out : "<h2>What failed</h2>\n<ul class=\"failures\">\n" + out + "</ul>\n";
}

// What passed is folded, so that the rest is seen.
std::string SectionHtml(const SectionCases& section) {
  std::string passed;
  std::string others;
  std::size_t count = 0;
  for (const CaseResult* one : section.cases) {
    const bool good = one->outcome.verdict == Verdict::kPassed;
    count += good ? 1 : 0;
    (good ? passed : others) += CaseHtml(*one);
  }
  std::string out = "<section>\n<h2>" + EscapeXml(section.title) + "</h2>\n";
  if (!others.empty()) out += "<ul class=\"cases\">\n" + others + "</ul>\n";
  if (count > 0) {
    out += "<details class=\"folded\"><summary>" + std::to_string(count) + " of " +
           std::to_string(section.cases.size()) + " passed</summary>\n<ul class=\"cases\">\n" +
           passed + "</ul>\n</details>\n";
  }
  return out + "</section>\n";
}

}  // namespace

std::string ReportHtml(const Report& report) {
  const bool fails = Fails(report);
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
      Policy() +
      "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" "
      "content=\"no-referrer\">\n<title>WebSub " +
      EscapeXml(report.role) + ": " + EscapeXml(report.target) + "</title>\n<style>" +
      std::string(html::kStyle) + "</style>\n</head>\n<body>\n<header>\n<h1>WebSub " +
      EscapeXml(report.role) + " <span class=\"conforms " + (fails ? "failed" : "passed") + "\">" +
      (fails ? "does not conform" : "conforms") + "</span></h1>\n<p><code>" +
      EscapeXml(report.target) + "</code></p>\n<p class=\"about\">" +
      Plural(report.cases.size(), "case") + " in " + SpanText(report.took) + ", " +
      FormatRfc3339(report.started_at).substr(0, 19) + "Z, websub " + EscapeXml(report.version) +
      "</p>\n</header>\n<main>\n" + CountsHtml(report) + FailuresHtml(report);
  for (const SectionCases& section : BySection(report)) out += SectionHtml(section);
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace websub::cli::conformance
