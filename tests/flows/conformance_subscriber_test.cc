// `websub conformance subscriber`: on our own subscriber, and on the mutants of
// tests/data/conformance/subscriber_mutants.json.
#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/mutation.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

using namespace websub::tests;
using nlohmann::json;

namespace {

constexpr std::size_t kParts = 16;

std::vector<std::string> MutantArgs(const std::string& fault) {
  return {"--start-cmd", "exec " + MutantProgram("subscriber") + " --fault " + fault + " {topic}",
          "--observe-output", "--group", "all",
          // Other tests run at the same time: less at once, and more time for each.
          "--jobs", "12", "--patience", "6s"};
}

MutationPlan Plan() {
  return {.role = "subscriber",
          .args = [](const std::string& fault, const std::string&) { return MutantArgs(fault); },
          .suite_starts_it = true};
}

// The report's cases by their status.
json RunSuite(std::vector<std::string> args, int status = 0) {
  const TempDir folder;
  const std::string report = folder.File("report.json");
  args.insert(args.begin(), {"conformance", "subscriber"});
  args.insert(args.end(), {"--report-json", report});
  Process suite({.args = std::move(args), .environment = {}, .directory = {}});
  const Finished run = suite.Wait(std::chrono::minutes(4));
  CAPTURE(run.out);
  CAPTURE(run.err);
  CHECK(run.status == status);
  return json::parse(std::ifstream(report)).at("cases");
}

void CheckMayDo(const std::string& fault) {
  for (const json& one : RunSuite(MutantArgs(fault))) {
    CAPTURE(one.dump(2));
    CHECK(one.at("status") != "failed");
    CHECK(one.at("status") != "skipped");
  }
}

}  // namespace

TEST_CASE("websub subscribe passes every case of the subscriber suite") {
  const std::string program = WEBSUB_BINARY;
  for (const json& one : RunSuite({"--start-cmd", "exec " + program + " subscribe --quiet {topic}",
                                   "--observe-output", "--group", "all", "--patience", "20s",
                                   "--silence", "600ms"})) {
    CAPTURE(one.dump(2));
    const std::string name = one.at("name");
    // The suite's hubs are http, and a subscriber that was denied has ended.
    const bool unseen = name == "SUB-REQ-08" || name == "SUB-DIS-06/denied";
    CHECK(one.at("status") == (unseen ? "unobservable" : "passed"));
  }
}

TEST_CASE("without a way to see what was taken those cases are not observable") {
  const std::string program = WEBSUB_BINARY;
  for (const json& one :
       RunSuite({"--start-cmd", "exec " + program + " subscribe {topic}", "--only", "SUB-DIS-02",
                 "--only", "SUB-DIS-03", "--only", "SUB-DIS-04", "--only", "SUB-DIS-05"},
                4)) {  // and the run is not called passed
    CAPTURE(one.dump(2));
    CHECK(one.at("status") == "unobservable");
  }
}

TEST_CASE("an interactive run names a topic and waits for somebody to subscribe") {
  Process suite({.args = {"conformance", "subscriber", "--interactive", "--only",
                          "SUB-DISC-01/one-field", "--only", "SUB-VER-01/challenge", "--only",
                          "SUB-REQ-05/unique", "--patience", "20s", "--verbose"},
                 .environment = {},
                 .directory = {}});
  // Two starts of the last one: its callbacks are compared.
  for (const std::string label : {"SUB-DISC-01-one-field", "SUB-REQ-05-unique",
                                  "SUB-REQ-05-unique-2", "SUB-VER-01-challenge"}) {
    CAPTURE(label);
    const std::string invitation = label + ": subscribe to ";
    REQUIRE(suite.WaitForErr(invitation));
    const std::string err = suite.Err();
    const auto begin = err.find(invitation) + invitation.size();
    REQUIRE(err.find('\n', begin) != std::string::npos);
    Process subscriber({.args = {"subscribe", err.substr(begin, err.find('\n', begin) - begin)},
                        .environment = {},
                        .directory = {}});
    REQUIRE(subscriber.WaitForErr("asking"));
    if (label == "SUB-VER-01-challenge") REQUIRE(subscriber.WaitForErr("subscribed"));
    const std::string next = label == "SUB-DISC-01-one-field" ? "SUB-REQ-05-unique:"
                             : label == "SUB-REQ-05-unique"   ? "SUB-REQ-05-unique-2:"
                                                              : "SUB-VER-01-challenge:";
    if (label != "SUB-VER-01-challenge") REQUIRE(suite.WaitForErr(next));
  }
  const Finished run = suite.Wait();
  CAPTURE(run.out);
  CHECK(run.status == 0);
  CHECK(run.out.find("MUST 2 passed, 0 failed") != std::string::npos);
}

TEST_CASE("the subscriber suite passes a subscriber that shares no code with it") {
  MutationPlan plan = Plan();
  SUBCASE("which prints what it takes") {}
  SUBCASE("which writes it to a file") {
    plan.args = [](const std::string& fault, const std::string&) -> std::vector<std::string> {
      return {"--start-cmd",
              MutantProgram("subscriber") + " --fault " + fault + " --out {dir}/{case} {topic}",
              "--observe-cmd",
              "cat {dir}/{case}",
              "--group",
              "all"};
    };
  }
  CheckHealthy(plan, {"SUB-REQ-08"});
}

TEST_CASE("the subscriber suite finds no fault in what a subscriber may do") {
  SUBCASE("no secret") {
    CheckMayDo("no-secret");
  }
  SUBCASE("no unsubscription at its end") {
    CheckMayDo("never-unsubscribes");
  }
  SUBCASE("401 to a bad signature") {
    CheckMayDo("bad-signature-401");
  }
}

#define WEBSUB_MUTANTS_PART(n)                                                    \
  TEST_CASE("the subscriber suite catches each fault and no other in part " #n) { \
    CheckMutants(Plan(), (n) - 1, kParts);                                        \
  }
WEBSUB_MUTANTS_PART(1)
WEBSUB_MUTANTS_PART(2)
WEBSUB_MUTANTS_PART(3)
WEBSUB_MUTANTS_PART(4)
WEBSUB_MUTANTS_PART(5)
WEBSUB_MUTANTS_PART(6)
WEBSUB_MUTANTS_PART(7)
WEBSUB_MUTANTS_PART(8)
WEBSUB_MUTANTS_PART(9)
WEBSUB_MUTANTS_PART(10)
WEBSUB_MUTANTS_PART(11)
WEBSUB_MUTANTS_PART(12)
WEBSUB_MUTANTS_PART(13)
WEBSUB_MUTANTS_PART(14)
WEBSUB_MUTANTS_PART(15)
WEBSUB_MUTANTS_PART(16)
