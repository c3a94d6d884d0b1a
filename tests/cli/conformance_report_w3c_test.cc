#include <doctest/doctest.h>

#include "tests/cli/conformance_report_fixture.h"

namespace websub::cli::conformance {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the implementation report of a hub ticks what was seen and says what was not") {
  Report report = MadeReport();
  report.cases.push_back(MadeCase("HUB-VER-01", "HUB-VER-01", "verifies", Passed()));
  report.cases.push_back(
      MadeCase("HUB-DIS-01", "HUB-DIS-01", "whole", Failed("expected 3 bytes, got 2")));
  report.cases.push_back(
      MadeCase("HUB-DIS-02", "HUB-DIS-02", "type", Unobservable("nothing came")));
  report.cases.push_back(MadeCase("HUB-SIG-01", "HUB-SIG-01", "signed", Passed()));
  const std::string text = ReportW3c(report);
  CAPTURE(text);
  CHECK(Has(text, "* [x] 100: Supports subscriptions with `hub.mode`, `hub.topic` and "));
  CHECK(Has(text,
            "* [ ] 102: Ignores unrecognized parameters in the subscription request (not "
            "tested)\n"));
  CHECK(Has(text,
            "* [ ] 100: Sends a notification with the full contents of the topic (failed: "
            "HUB-DIS-01)\n"));
  CHECK(Has(text, "content-type of the topic URL (could not be seen: nothing came)\n"));
  CHECK(Has(text, "    * [x] sha256\n    * [ ] sha384 (not seen)\n"));
  CHECK(Has(text,
            "* [x] All results are self-reported: measured by `websub conformance hub`, "
            "version 0.1.0, on 2026-11-21, 10 cases\n"));
}

TEST_CASE("the implementation report of a subscriber takes redirects by their status") {
  Report report = MadeReport();
  report.role = "subscriber";
  report.cases = {MadeCase("SUB-REQ-02", "SUB-REQ-02/301", "301", Passed()),
                  MadeCase("SUB-REQ-02", "SUB-REQ-02/302", "302", Failed("expected x, got y"))};
  Evidence asked = MadeExchange("subscriber", "hub", 0, "");
  asked.exchange.request_body = "hub.mode=subscribe&hub.secret=***";
  report.cases[0].evidence = {asked};
  const std::string text = ReportW3c(report);
  CAPTURE(text);
  CHECK(Has(text,
            "* [ ] 201: Subscribing to a topic URL that sends an HTTP 302 temporary redirect "
            "(failed: SUB-REQ-02/302)\n"));
  CHECK(Has(text, "* [x] 202: Subscribing to a topic URL that sends an HTTP 301"));
  CHECK(Has(text, "* [x] 1xx: Requests a subscription using a secret (optional)\n"));
  CHECK(Has(text, "`lease_seconds` (optional) (not seen)\n"));
  CHECK(Has(text, "* [ ] 1xx: Sends an unsubscription request (not seen)\n"));
}

TEST_CASE("the implementation report of a publisher tells how its topic names the hub") {
  Report report = MadeReport();
  report.role = "publisher";
  report.cases = {MadeCase("PUB-NOT-01", "PUB-NOT-01", "tells", Unobservable("no --publish-cmd"))};
  Evidence fetched = MadeExchange("subscriber", "publisher", 0, "");
  fetched.exchange.url = "http://t.example/feed";
  fetched.exchange.request_head = "GET /feed HTTP/1.1\r\n\r\n";
  fetched.exchange.status = 200;
  fetched.exchange.response_head = "HTTP/1.1 200 OK\r\nContent-Type: application/atom+xml\r\n\r\n";
  fetched.exchange.response_body =
      "<feed xmlns=\"http://www.w3.org/2005/Atom\"><link rel=\"hub\" href=\"http://h.example/\"/>"
      "<link rel=\"self\" href=\"http://t.example/feed\"/></feed>";
  report.cases[0].evidence = {fetched};
  const std::string text = ReportW3c(report);
  CAPTURE(text);
  CHECK(Has(text, "  * [x] Atom\n"));
  CHECK(Has(text, "  * [ ] HTML (not seen)\n"));
  CHECK(Has(text, "* [ ] The publisher advertises the hub and self URLs in HTTP headers (not "));
  CHECK(Has(text, "  * [x] Atom in `<link>` elements\n"));
  CHECK(Has(text, "topic has been updated (could not be seen: no --publish-cmd)\n"));
}

}  // namespace
}  // namespace websub::cli::conformance
