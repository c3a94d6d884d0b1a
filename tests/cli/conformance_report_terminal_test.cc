#include <doctest/doctest.h>

#include "tests/cli/conformance_report_fixture.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli::conformance {
namespace {

std::string Printed(const Report& report, OutputOptions options = {}, int width = 0) {
  FakeEnvironment fake;
  fake.environment.terminal.out = width > 0;
  fake.environment.terminal.width = width;
  Output output(fake.environment, options);
  PrintReport(output, report);
  return fake.out.str();
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a report for people groups by section and shows the evidence of failures") {
  const std::string text = Printed(MadeReport());
  CAPTURE(text);
  CHECK(Has(text, "hub  http://hub.example/hub?a=1  6 cases in 1.2 s\n"));
  CHECK(Has(text, "5.1 Requests for a subscription  1 of 2 passed\n"));
  CHECK(Has(text, "  FAILED    MUST    HUB-REQ-03/bytes  a secret of 200 bytes is refused\n"));
  CHECK(Has(text, "            expected 4xx, got 202 <b>&\"'\\x01 ]]>\n"));
  CHECK(Has(text, "            cause  characters are counted, not bytes\n"));
  CHECK(Has(text,
            "            subscriber -> hub: subscribe\n"
            "            > POST http://hub.example/hub?a=1\n"
            "            > Content-Type: application/x-www-form-urlencoded\n"
            "            > hub.mode=subscribe\n"
            "            < 202\n"
            "            < Content-Type: text/plain\n"
            "            < <script>alert(1)</script>\n"
            "            < line two\n"));
  CHECK(Has(text,
            "            > X-Hub-Signature: sha256=00\n"
            "            > \\xff\\x00\\x1b[2J\n"
            "            < no answer: "));
  CHECK(Has(text, "  failed    SHOULD  HUB-REQ-12        the refusal says why\n"));
  CHECK(Has(text,
            "  skipped   MUST    HUB-VER-01/get    verifies with GET\n"
            "            no request was accepted (HUB-REQ-01)\n"));
  CHECK(Has(text, "  unseen    MAY     HUB-REQ-14        "));
  CHECK(Has(text, "  expected  MUST    HUB-DIS-07/302    "));
  CHECK(Has(text, "HUB-SIG-03 is named in --expected-failures, but it did not fail\n"));
  CHECK_FALSE(Has(text, "a request is answered 202"));
  CHECK(
      text.ends_with("MUST 1 passed, 1 failed, 1 failed as expected, 1 skipped, 0 not observable · "
                     "SHOULD 0 passed, 1 failed, 0 skipped, 0 not observable · "
                     "MAY 0 passed, 0 failed, 0 skipped, 1 not observable\n"));
}

TEST_CASE("a report for people names what passed only when asked to") {
  const std::string text = Printed(MadeReport(), {.verbose = 1});
  CHECK(Has(text, "  passed    MUST    HUB-REQ-01        a request is answered 202\n"));
}

TEST_CASE("a report for people is silent where nobody reads it") {
  CHECK(Printed(MadeReport(), {.json = true}).empty());
  CHECK(Printed(MadeReport(), {.quiet = true}).empty());
}

TEST_CASE("sentences of a report fit the terminal") {
  Report report = MadeReport();
  report.cases.resize(1);
  report.cases[0].outcome = Skipped("one two three four five six seven eight nine ten eleven");
  const std::string text = Printed(report, {.color = ColorMode::kNever}, 40);
  CAPTURE(text);
  CHECK(Has(text,
            "            one two three four five six\n            seven eight nine ten eleven\n"));
}

TEST_CASE("of many exchanges the first and the last are shown") {
  Report report = MadeReport();
  auto& evidence = report.cases[1].evidence;
  evidence.clear();
  for (int i = 0; i < 20; ++i) {
    evidence.push_back(MadeExchange("hub", "callback", i, "number " + std::to_string(i)));
    evidence.back().exchange.url = "http://me.example/";
  }
  const std::string text = Printed(report);
  CHECK(Has(text, "number 2\n"));
  CHECK_FALSE(Has(text, "number 3\n"));
  CHECK(Has(text, "(12 more in between)\n"));
  CHECK_FALSE(Has(text, "number 14\n"));
  CHECK(Has(text, "number 15\n"));
  CHECK(Has(text, "number 19\n"));
}

TEST_CASE("a long body is cut in a report for people") {
  Report report = MadeReport();
  report.cases[1].evidence = {SubscribeAnswered(202, "1\n2\n3\n4\n5\n6\n7\n8")};
  const std::string text = Printed(report);
  CHECK(Has(text, "< 6\n              (a body of 15 bytes)\n"));
  CHECK_FALSE(Has(text, "< 7\n"));
  report.cases[1].evidence = {SubscribeAnswered(202, std::string(5000, 'x'))};
  CHECK_FALSE(Has(Printed(report), std::string(300, 'x')));
}

}  // namespace
}  // namespace websub::cli::conformance
