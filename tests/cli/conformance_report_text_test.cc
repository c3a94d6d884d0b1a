// TAP, and what a workflow of GitHub reads.
#include <doctest/doctest.h>

#include "tests/cli/conformance_report_fixture.h"

namespace websub::cli::conformance {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

TEST_CASE("the TAP report has a plan and a line for each case") {
  const std::string tap = ReportTap(MadeReport());
  CAPTURE(tap);
  CHECK(tap.starts_with("TAP version 14\n1..7\n"));
  CHECK(Has(tap, "\nok 1 - HUB-REQ-01 a request is answered 202\n"));
  CHECK(Has(tap,
            "\nnot ok 2 - HUB-REQ-03/bytes a secret of 200 bytes is refused\n"
            "  ---\n"
            "  message: \"expected 4xx, got 202 <b>&\\\"'\\\\x01 ]]>\"\n"
            "  cause: \"characters are counted, not bytes\"\n"
            "  level: \"MUST\"\n  section: \"5.1\"\n"));
  CHECK(Has(tap, "\n      < 202\n"));
  CHECK(Has(tap, "\n      > \\xff\\x00\\x1b[2J\n"));
  CHECK(Has(tap, "\nok 4 - HUB-VER-01/get verifies with GET # SKIP no request was accepted"));
  CHECK(Has(tap, "\nok 5 - HUB-REQ-14 may send on to another hub # SKIP not observable: it "));
  CHECK(Has(tap, "\nnot ok 6 - HUB-DIS-07/302 redirects are not followed # TODO a known gap\n"));
  CHECK(Has(tap, "\nnot ok 7 - HUB-SIG-03 is named in --expected-failures"));
}

TEST_CASE("nothing in a TAP description is taken for a directive") {
  Report report = MadeReport();
  report.cases[1].title = "a # SKIP \\ is text";
  report.cases[3].outcome.message = "two\nlines # TODO";
  const std::string tap = ReportTap(report);
  CHECK(Has(tap, "not ok 2 - HUB-REQ-03/bytes a \\# SKIP \\\\ is text\n"));
  CHECK(Has(tap, "# SKIP two\\\\nlines \\# TODO\n"));
}

TEST_CASE("annotations escape what would end or begin a command") {
  Report report = MadeReport();
  report.cases[1].title = "a, b: 100%";
  report.cases[1].outcome.message = "one\r\n::error::two 50%";
  report.cases[1].outcome.cause = "";
  const auto lines = Lines(GithubAnnotations(report));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "::error title=HUB-REQ-03/bytes%3A a%2C b%3A 100%25::one\\r%0A::error::two 50%25%0AMUST, "
        "5.1 Requests for a subscription");
  CHECK(lines[1].starts_with("::warning title=HUB-REQ-12%3A the refusal says why::expected"));
  CHECK(lines[2].starts_with("::error title=HUB-SIG-03::HUB-SIG-03 is named"));
}

TEST_CASE("the step summary counts and unfolds what failed") {
  const std::string summary = GithubSummary(MadeReport());
  CAPTURE(summary);
  CHECK(summary.starts_with("## WebSub hub: does not conform\n"));
  CHECK(Has(summary, "http://hub.example/hub?a=1, 6 cases"));
  CHECK(Has(summary, "| MUST | 1 | 1 | 1 | 1 | 0 |\n"));
  CHECK(Has(summary, "<details><summary><code>HUB-REQ-03/bytes</code>"));
  CHECK(Has(summary, "&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK_FALSE(Has(summary, "<script>"));
  CHECK_FALSE(Has(summary, "<code>HUB-DIS-07"));
}

TEST_CASE("the step summary has no empty line inside of what it unfolds") {
  Report report = MadeReport();
  report.cases[1].evidence = {SubscribeAnswered(202, "a\n\n\nb\n</pre>\n\n# title")};
  const std::string summary = GithubSummary(report);
  const std::size_t begin = summary.find("<details>");
  const std::string unfolded = summary.substr(begin, summary.find("</details>") - begin);
  CHECK_FALSE(Has(unfolded, "\n\n"));
  CHECK(Has(unfolded, "&lt;/pre&gt;"));
}

TEST_CASE("the step summary stays within what a step may write") {
  Report report = MadeReport();
  const CaseResult failed = report.cases[1];
  std::string long_text;
  for (int i = 0; i < 6; ++i) long_text += std::string(190, '&') + "\n";
  for (int i = 0; i < 2000; ++i) {
    report.cases.push_back(failed);
    report.cases.back().evidence = {SubscribeAnswered(202, long_text)};
  }
  const std::string summary = GithubSummary(report);
  CHECK(summary.size() < 1024 * 1024);
  CHECK(Has(summary, " failures more: see the other reports\n"));
}

}  // namespace
}  // namespace websub::cli::conformance
