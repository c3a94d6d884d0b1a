// `websub conformance hub`: on this project's own hub, and on hubs with one fault each.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/hub_process.h"
#include "tests/support/mutation.h"
#include "tests/support/raw_peer.h"

namespace websub::tests {
namespace {

using nlohmann::json;

MutationPlan Plan() {
  return {.role = "hub",
          .args = [](const std::string&, const std::string& url) -> std::vector<std::string> {
            return {url, "--group", "all", "--patience", "3s"};
          }};
}

constexpr std::size_t kParts = 12;

std::vector<json> CasesOf(const std::string& file) {
  std::ifstream report(file);
  const json document = json::parse(report);
  return document.at("cases");
}

// What the suite has to say of our own hub; cases that were not passed, by name.
std::map<std::string, std::string> NotPassed(const std::vector<std::string>& flags,
                                             std::vector<std::string> hub_flags = {}) {
  HubProcess hub(std::move(hub_flags));
  const TempDir folder;
  std::vector<std::string> args = {"conformance",
                                   "hub",
                                   hub.Hub(),
                                   "--group",
                                   "all",
                                   "--patience",
                                   "20s",
                                   "--silence",
                                   "600ms",
                                   "--report-json",
                                   folder.File("report.json")};
  args.insert(args.end(), flags.begin(), flags.end());
  Process suite({.args = args, .environment = {}, .directory = {}});
  const Finished run = suite.Wait(std::chrono::minutes(4));
  CAPTURE(run.err);
  CHECK(run.status == 0);
  std::map<std::string, std::string> rest;
  for (const json& one : CasesOf(folder.File("report.json"))) {
    if (one.at("status") == "passed") continue;
    rest[one.at("name")] = one.at("status").get<std::string>() + ": " + one.value("message", "");
  }
  return rest;
}

// Nothing tells: a hub that answers by itself shows no redirect, one that verifies whatever the
// topic answers shows no denial, and no hub ends a subscription because a peer wants it to.
const std::set<std::string> kUnseen = {"HUB-REQ-14", "HUB-VAL-01", "HUB-VAL-02"};

TEST_CASE("our own hub passes every case of the hub suite") {
  for (const auto& [name, why] : NotPassed({})) {
    CAPTURE(name);
    CAPTURE(why);
    CHECK(kUnseen.contains(name));
  }
}

TEST_CASE("our own hub tells the callback where its operator denies a topic (HUB-VAL-01)") {
  CHECK(NotPassed({"--denied-topic", "http://127.0.0.1:1/denied", "--only", "HUB-VAL-01"},
                  {"--hook-events", "subscription_validation", "--hook-command",
                   "case $WEBSUB_TOPIC in */denied) exit 1;; esac"})
            .empty());
}

void CheckStyle(const std::string& style) {
  for (const auto& [name, why] : NotPassed({"--publish-style", style})) {
    CAPTURE(name);
    CAPTURE(why);
    CHECK(why.starts_with("unobservable: "));
  }
}

TEST_CASE("our own hub passes the hub suite that publishes by hub.topic") {
  CheckStyle("hub.topic");
}

TEST_CASE("our own hub passes the hub suite that publishes by both parameters") {
  CheckStyle("both");
}

TEST_CASE("our own hub passes the hub suite that publishes as Ballerina does") {
  CheckStyle("ballerina");
}

TEST_CASE("the hub suite leaves out what a hub of known topics cannot show") {
  HubProcess hub;
  hub.Put("news", "something");
  const TempDir folder;
  const std::string file = folder.File("report.json");
  const Finished run = RunWebsub(
      {"conformance", "hub", hub.Hub(), "--topic", hub.Topic("news"), "--report-json", file});
  CAPTURE(run.err);
  CHECK(run.status == 0);
  std::map<std::string, std::string> status;
  for (const json& one : CasesOf(file)) {
    status[one.at("name")] = one.at("status");
  }
  CHECK(status["HUB-REQ-01/subscribe"] == "passed");
  CHECK(status["HUB-VER-01"] == "passed");
  CHECK(status["HUB-DIS-01/post"] == "unobservable");
}

TEST_CASE("a hub that cannot be reached fails the hub suite") {
  const Finished run =
      RunWebsub({"conformance", "hub", "http://127.0.0.1:" + std::to_string(UnusedPort()) + "/hub",
                 "--only", "HUB-REQ-01"});
  CHECK((run.status == 3 || run.status == 4));
}

TEST_CASE("a hub without a fault passes the whole hub suite") {
  CheckHealthy(Plan(), {"HUB-REQ-14", "HUB-VAL-02"});
}

TEST_CASE("every requirement that a hub must meet has a hub that violates it") {
  std::set<std::string> rows;
  for (const Mutant& mutant : ReadMutants("hub")) rows.insert(mutant.row);
  std::ifstream table(std::string(WEBSUB_SOURCE_DIR) + "/docs/requirements.tsv");
  REQUIRE(table);
  for (std::string line; std::getline(table, line);) {
    if (line.find("\thub\tMUST\t") == std::string::npos) continue;
    const std::string id = line.substr(0, line.find('\t'));
    CAPTURE(id);
    CHECK(rows.contains(id));
  }
  CHECK(ReadMutants("hub").size() >= 45);
}

TEST_CASE("each faulty hub is caught by the cases that name its fault in part 1") {
  CheckMutants(Plan(), 0, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 2") {
  CheckMutants(Plan(), 1, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 3") {
  CheckMutants(Plan(), 2, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 4") {
  CheckMutants(Plan(), 3, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 5") {
  CheckMutants(Plan(), 4, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 6") {
  CheckMutants(Plan(), 5, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 7") {
  CheckMutants(Plan(), 6, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 8") {
  CheckMutants(Plan(), 7, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 9") {
  CheckMutants(Plan(), 8, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 10") {
  CheckMutants(Plan(), 9, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 11") {
  CheckMutants(Plan(), 10, kParts);
}
TEST_CASE("each faulty hub is caught by the cases that name its fault in part 12") {
  CheckMutants(Plan(), 11, kParts);
}

}  // namespace
}  // namespace websub::tests
