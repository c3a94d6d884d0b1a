#include "cli/conformance/report.h"
#include "cli/conformance/report_text.h"
#include "cli/conformance/suite.h"
#include "hub/api/views.h"

namespace websub::cli::conformance {
namespace {

constexpr std::string_view kSchema = "websub-conformance-1";

double Milliseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1000;
}

Json EvidenceJson(const Evidence& evidence) {
  const Exchange& exchange = evidence.exchange;
  Json out{{"what", exchange.outcome},
           {"from", evidence.from},
           {"to", evidence.to},
           {"at", FormatRfc3339(exchange.at)}};
  if (IsNote(evidence)) {
    AddBytes(out, "text", exchange.request_body);
    return out;
  }
  out["method"] = MethodOf(exchange);
  out["url"] = exchange.url.str();
  out["status"] = exchange.status == 0 ? Json() : Json(exchange.status);
  if (exchange.fault != Fault::kNone) out["fault"] = Name(exchange.fault);
  AddBytes(out, "request_head", exchange.request_head);
  AddBytes(out, "request_body", exchange.request_body);
  AddBytes(out, "response_head", exchange.response_head);
  AddBytes(out, "response_body", exchange.response_body);
  out["response_body_size"] = exchange.response_body_size;
  out["timings"] = hub::View(exchange.timings);
  return out;
}

Json CaseJson(const CaseResult& one) {
  Json evidence = Json::array();
  for (const Evidence& each : one.evidence) evidence.push_back(EvidenceJson(each));
  return {{"id", one.requirement->id},
          {"level", Name(one.requirement->level)},
          {"section", one.requirement->section},
          {"status", Name(one.outcome.verdict)},
          {"message", one.outcome.message},
          {"cause", one.outcome.cause},
          {"name", one.name},
          {"title", one.title},
          {"requirement", one.requirement->text},
          {"aliases", Aliases(*one.requirement)},
          {"expected_failure", one.expected_failure},
          {"internal_error", one.internal_error},
          {"took_ms", Milliseconds(one.took)},
          {"evidence", std::move(evidence)}};
}

Json CountJson(const Count& count) {
  return {{"passed", count.passed},
          {"failed", count.failed},
          {"expected_failures", count.expected_failures},
          {"skipped", count.skipped},
          {"unobservable", count.unobservable}};
}

}  // namespace

Json ReportJson(const Report& report) {
  Json summary = Json::object();
  for (const Level level : {Level::kMust, Level::kShould, Level::kMay, Level::kBeyond}) {
    summary[std::string(Name(level))] = CountJson(CountOf(report, level));
  }
  Json cases = Json::array();
  for (const CaseResult& one : report.cases) cases.push_back(CaseJson(one));
  return {{"schema", kSchema},
          {"role", report.role},
          {"target", report.target},
          {"version", report.version},
          {"started_at", FormatRfc3339(report.started_at)},
          {"took_ms", Milliseconds(report.took)},
          {"conforms", !Fails(report)},
          {"summary", std::move(summary)},
          {"unexpected_passes", report.unexpected_passes},
          {"cases", std::move(cases)}};
}

}  // namespace websub::cli::conformance
