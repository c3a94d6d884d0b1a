// A run as a suite would report it, made by hand: every verdict, every level, hostile bytes.
#pragma once

#include <chrono>
#include <string>

#include "cli/conformance/report.h"

namespace websub::cli::conformance {

inline CaseResult MadeCase(const std::string& id, const std::string& name, const std::string& title,
                           Outcome outcome) {
  CaseResult one;
  one.requirement = FindRequirement(id);
  one.name = name;
  one.title = title;
  one.outcome = std::move(outcome);
  one.took = std::chrono::microseconds(12345);
  return one;
}

// `second` seconds into the run.
inline Evidence MadeExchange(const std::string& from, const std::string& to, int second,
                             const std::string& what) {
  Evidence evidence{from, to, {}};
  evidence.exchange.at =
      ParseRfc3339("2026-11-21T20:32:01Z").value() + std::chrono::seconds(second);
  evidence.exchange.outcome = what;
  return evidence;
}

inline Evidence SubscribeAnswered(int status, const std::string& body) {
  Evidence evidence = MadeExchange("subscriber", "hub", 0, "subscribe");
  Exchange& exchange = evidence.exchange;
  exchange.url = "http://hub.example/hub?a=1";
  exchange.request_head =
      "POST /hub?a=1 HTTP/1.1\r\nHost: hub.example\r\n"
      "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 17\r\n\r\n";
  exchange.request_body = "hub.mode=subscribe";
  exchange.status = status;
  exchange.response_head =
      "HTTP/1.1 " + std::to_string(status) + " So\r\nContent-Type: text/plain\r\nDate: x\r\n\r\n";
  exchange.response_body = body;
  exchange.response_body_size = body.size();
  exchange.timings.connect = std::chrono::microseconds(250);
  exchange.timings.total = std::chrono::microseconds(1500);
  return evidence;
}

inline Evidence DeliveryUnanswered(const std::string& body) {
  Evidence evidence = MadeExchange("hub", "callback", 2, "delivery");
  Exchange& exchange = evidence.exchange;
  exchange.url = "http://me.example/callback";
  exchange.request_head =
      "POST /callback HTTP/1.1\r\nLink: <http://t.example/>; rel=\"self\"\r\n"
      "X-Hub-Signature: sha256=00\r\n\r\n";
  exchange.request_body = body;
  exchange.fault = Fault::kResponseTimeout;
  return evidence;
}

inline Report MadeReport() {
  Report report;
  report.role = "hub";
  report.target = "http://hub.example/hub?a=1";
  report.version = "0.1.0";
  report.started_at = ParseRfc3339("2026-11-21T20:32:01Z").value();
  report.took = std::chrono::milliseconds(1234);
  report.cases.push_back(
      MadeCase("HUB-REQ-01", "HUB-REQ-01", "a request is answered 202", Passed()));
  CaseResult failed = MadeCase(
      "HUB-REQ-03", "HUB-REQ-03/bytes", "a secret of 200 bytes is refused",
      Failed("expected 4xx, got 202 <b>&\"'\x01 ]]>", "characters are counted, not bytes"));
  failed.evidence.push_back(SubscribeAnswered(202, "<script>alert(1)</script>\nline two"));
  failed.evidence.push_back(DeliveryUnanswered(std::string("\xff\x00\x1b[2J", 6)));
  report.cases.push_back(failed);
  report.cases.push_back(MadeCase("HUB-REQ-12", "HUB-REQ-12", "the refusal says why",
                                  Failed("expected text/plain, got text/html: 100%\nof it")));
  report.cases.push_back(MadeCase("HUB-VER-01", "HUB-VER-01/get", "verifies with GET",
                                  Skipped("no request was accepted (HUB-REQ-01)")));
  report.cases.push_back(MadeCase("HUB-REQ-14", "HUB-REQ-14", "may send on to another hub",
                                  Unobservable("it answered itself")));
  CaseResult known = MadeCase("HUB-DIS-07", "HUB-DIS-07/302", "redirects are not followed",
                              Failed("expected no request at Location, got one"));
  known.expected_failure = true;
  report.cases.push_back(known);
  report.unexpected_passes.push_back("HUB-SIG-03");
  return report;
}

}  // namespace websub::cli::conformance
