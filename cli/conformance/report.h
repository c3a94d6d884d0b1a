// What a run found, and the forms in which it is written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/conformance/outcome.h"
#include "cli/output.h"

namespace websub::cli::conformance {

struct Report {
  std::string role;     // "hub"
  std::string target;   // its URL, or the command that starts it
  std::string version;  // of this program
  Time started_at;
  Duration took{0};
  std::vector<CaseResult> cases;
  // Names of --expected-failures that passed, or that no case has.
  std::vector<std::string> unexpected_passes;
};

struct Count {
  std::size_t passed = 0;
  std::size_t failed = 0;  // unexpectedly
  std::size_t expected_failures = 0;
  std::size_t skipped = 0;
  std::size_t unobservable = 0;
};
Count CountOf(const Report& report, Level level);

// A MUST failed, or a case of a group beyond the Recommendation (which somebody asked for), or a
// case that --expected-failures names has passed.
bool Fails(const Report& report);

// For people: by section, each failure with its evidence, and a last line of counts by level. A
// case that passed is a line only with --verbose. Nothing with --json or --quiet.
void PrintReport(Output& output, const Report& report);

// {schema, role, target, version, started_at, took_ms, conforms, summary: {MUST: {passed, …}, …},
// unexpected_passes: […], cases: […]}. A case: {id, level, section, status, message, cause, name,
// title, requirement, aliases, expected_failure, internal_error, took_ms, evidence: […]}. An
// exchange: {what, from, to, at, method, url, status, fault, request_head, request_body,
// response_head, response_body, response_body_size, timings}, status null where no answer came,
// each of the raw texts as NAME_base64 where it is not UTF-8. What the suite noted itself is {what,
// from, to, at, text}.
Json ReportJson(const Report& report);
// In JUnit and TAP a failed SHOULD or MAY is a failure like any other: their readers know no
// levels. Who does not want that leaves those out of the run, or names them in --expected-failures.
std::string ReportJunit(const Report& report);  // XML
std::string ReportTap(const Report& report);    // TAP version 14
std::string ReportHtml(const Report& report);   // one file, nothing loaded from elsewhere
std::string ReportW3c(const Report& report);    // the implementation report, in Markdown
// For a GitHub workflow: annotations for stdout, and a Markdown table for the step's summary.
std::string GithubAnnotations(const Report& report);
std::string GithubSummary(const Report& report);

}  // namespace websub::cli::conformance
