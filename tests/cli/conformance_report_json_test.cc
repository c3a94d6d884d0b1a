#include <doctest/doctest.h>

#include "cli/conformance/report.h"
#include "tests/cli/conformance_report_fixture.h"

namespace websub::cli::conformance {
namespace {

TEST_CASE("a report counts what failed as expected apart") {
  const Report report = MadeReport();
  const Count must = CountOf(report, Level::kMust);
  CHECK(must.passed == 1);
  CHECK(must.failed == 1);
  CHECK(must.expected_failures == 1);
  CHECK(must.skipped == 1);
  CHECK(must.unobservable == 0);
  CHECK(CountOf(report, Level::kShould).failed == 1);
  CHECK(CountOf(report, Level::kMay).unobservable == 1);
}

TEST_CASE("only a MUST or a case beyond or an unexpected pass fails a run") {
  Report report = MadeReport();
  CHECK(Fails(report));
  report.cases[1].outcome = Passed();  // the MUST
  CHECK(Fails(report));
  report.unexpected_passes.clear();
  CHECK_FALSE(Fails(report));  // a SHOULD and a known gap are left
  report.cases.push_back(
      MadeCase("HUB-RETRY-01", "HUB-RETRY-01", "tries again", Failed("expected two, got one")));
  CHECK(Fails(report));
  report.cases.back().outcome = Skipped("nothing came");
  CHECK_FALSE(Fails(report));
}

TEST_CASE("the JSON report says of each case what the contract asks for") {
  const Json json = ReportJson(MadeReport());
  CHECK(json["schema"] == "websub-conformance-1");
  CHECK(json["role"] == "hub");
  CHECK(json["target"] == "http://hub.example/hub?a=1");
  CHECK(json["conforms"] == false);
  CHECK(json["took_ms"] == 1234.0);
  CHECK(json["started_at"] == "2026-11-21T20:32:01.000000Z");
  CHECK(json["summary"]["MUST"] == Json{{"passed", 1},
                                        {"failed", 1},
                                        {"expected_failures", 1},
                                        {"skipped", 1},
                                        {"unobservable", 0}});
  CHECK(json["summary"]["BEYOND"]["failed"] == 0);
  CHECK(json["unexpected_passes"] == Json{"HUB-SIG-03"});
  REQUIRE(json["cases"].size() == 6);
  const Json& one = json["cases"][1];
  CHECK(one["id"] == "HUB-REQ-03");
  CHECK(one["name"] == "HUB-REQ-03/bytes");
  CHECK(one["title"] == "a secret of 200 bytes is refused");
  CHECK(one["level"] == "MUST");
  CHECK(one["section"] == "5.1");
  CHECK(one["status"] == "failed");
  CHECK(one["message"] == "expected 4xx, got 202 <b>&\"'\x01 ]]>");
  CHECK(one["cause"] == "characters are counted, not bytes");
  CHECK(one["took_ms"] == 12.345);
  CHECK(one["expected_failure"] == false);
  CHECK(json["cases"][0]["aliases"] == Json{"rocks:hub:100"});
  CHECK(one["aliases"] == Json::array());
  CHECK(json["cases"][3]["status"] == "skipped");
  CHECK(json["cases"][4]["status"] == "unobservable");
  CHECK(json["cases"][5]["expected_failure"] == true);
}

TEST_CASE("the JSON report carries exchanges as raw bytes") {
  const Report report = MadeReport();
  const Json json = ReportJson(report);
  const Json& evidence = json["cases"][1]["evidence"];
  REQUIRE(evidence.size() == 2);
  const Json& asked = evidence[0];
  CHECK(asked["from"] == "subscriber");
  CHECK(asked["to"] == "hub");
  CHECK(asked["what"] == "subscribe");
  CHECK(asked["at"] == "2026-11-21T20:32:01.000000Z");
  CHECK(asked["method"] == "POST");
  CHECK(asked["url"] == "http://hub.example/hub?a=1");
  CHECK(asked["status"] == 202);
  CHECK(asked["request_head"] == report.cases[1].evidence[0].exchange.request_head);
  CHECK(asked["request_body"] == "hub.mode=subscribe");
  CHECK(asked["response_body"] == "<script>alert(1)</script>\nline two");
  CHECK(asked["response_body_size"] == 34);
  CHECK(asked["timings"] == Json{{"connect", 0.25}, {"total", 1.5}});
  const Json& delivered = evidence[1];
  CHECK(delivered["status"].is_null());
  CHECK(delivered["fault"] == Name(Fault::kResponseTimeout));
  CHECK(delivered["request_body_base64"] == "/wAbWzJK");  // printf '\xff\0\x1b[2J' | base64
  CHECK_FALSE(delivered.contains("request_body"));
  CHECK_NOTHROW(json.dump());
}

TEST_CASE("what a suite noted itself is text in the JSON report") {
  Report report = MadeReport();
  Evidence note = MadeExchange("subscriber", "", 1, "its output");
  note.exchange.request_body = "ready\n";
  report.cases[1].evidence = {note};
  CHECK(ReportJson(report)["cases"][1]["evidence"][0] == Json{{"what", "its output"},
                                                              {"from", "subscriber"},
                                                              {"to", ""},
                                                              {"at", "2026-11-21T20:32:02.000000Z"},
                                                              {"text", "ready\n"}});
}

}  // namespace
}  // namespace websub::cli::conformance
