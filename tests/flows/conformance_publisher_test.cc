#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "tests/support/hub_process.h"
#include "tests/support/mutation.h"

namespace websub::tests {
namespace {

constexpr std::size_t kParts = 4;

std::string Origin(const std::string& url) {
  return url.substr(0, url.find('/', url.find("://") + 3));
}

MutationPlan Plan() {
  MutationPlan plan;
  plan.role = "publisher";
  plan.args = [](const std::string&, const std::string& url) -> std::vector<std::string> {
    return {url, "--publish-cmd", "curl -fsS -d '' " + Origin(url) + "/change", "--patience", "3s"};
  };
  plan.at_once = 4;
  return plan;
}

TEST_CASE("the publisher suite passes a publisher without a fault") {
  CheckHealthy(Plan(), {});
}
TEST_CASE("the publisher suite sees each fault and no other: part 1") {
  CheckMutants(Plan(), 0, kParts);
}
TEST_CASE("the publisher suite sees each fault and no other: part 2") {
  CheckMutants(Plan(), 1, kParts);
}
TEST_CASE("the publisher suite sees each fault and no other: part 3") {
  CheckMutants(Plan(), 2, kParts);
}
TEST_CASE("the publisher suite sees each fault and no other: part 4") {
  CheckMutants(Plan(), 3, kParts);
}

std::string Feed(const HubProcess& hub, int number) {
  return "<feed xmlns=\"http://www.w3.org/2005/Atom\"><link rel=\"hub\" href=\"" + hub.Hub() +
         "\"/><link rel=\"self\" href=\"" + hub.Topic("news.atom") +
         "\"/><entry><id>urn:n</id><title>" + std::to_string(number) + "</title></entry></feed>";
}

// Runs the suite and reads its report.
nlohmann::json ReportOf(std::vector<std::string> args, int status) {
  const TempDir folder;
  const std::string file = folder.File("report.json");
  args.insert(args.begin(), {"conformance", "publisher"});
  args.insert(args.end(), {"--report-json", file});
  const Finished run = RunWebsub(args);
  CAPTURE(run.out);
  CAPTURE(run.err);
  CHECK(run.status == status);
  std::ifstream in(file);
  return nlohmann::json::parse(in);
}

std::map<std::string, std::string> StatusByName(const nlohmann::json& report) {
  std::map<std::string, std::string> statuses;
  for (const auto& one : report.at("cases")) statuses[one.at("name")] = one.at("status");
  return statuses;
}

TEST_CASE("a topic that the hub hosts passes the publisher suite (PUB-DISC-01 PUB-NOT-01)") {
  HubProcess hub;
  hub.Put("news.atom", Feed(hub, 0), "application/atom+xml");
  const TempDir folder;
  // A new number each time.
  const std::string script = WriteFile(
      folder, "change.sh",
      "n=$(cat " + folder.File("n") + " 2>/dev/null || echo 0); n=$((n + 1)); echo $n >" +
          folder.File("n") +
          "\ncurl -fsS -o /dev/null -X PUT -H 'Content-Type: application/atom+xml' --data-binary "
          "'" +
          Feed(hub, 0).replace(Feed(hub, 0).find("<title>0"), 8, "<title>'$n'") + "' \"$1\"\n");
  const auto report =
      ReportOf({hub.Topic("news.atom"), "--publish-cmd", "sh " + script + " {topic}"}, 0);
  for (const auto& [name, status] : StatusByName(report)) {
    CAPTURE(name);
    CHECK(status == (name == "PUB-MIG-01" ? "unobservable" : "passed"));
  }
}

TEST_CASE("without a publish command the suite says that nothing tells of changes") {
  HubProcess hub;
  hub.Put("news.atom", Feed(hub, 0), "application/atom+xml");
  const auto report = ReportOf({hub.Topic("news.atom")}, 0);
  for (const auto& [name, status] : StatusByName(report)) {
    CAPTURE(name);
    const bool untold = name.starts_with("PUB-NOT-01") || name == "PUB-MIG-01";
    CHECK(status == (untold ? "unobservable" : "passed"));
  }
}

std::string Read(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST_CASE("every report of a run is written where its flag says") {
  HubProcess hub;
  hub.Put("news.txt", "news", "text/plain");
  const TempDir folder;
  const Finished run = RunWebsub(
      {"conformance", "publisher", hub.Topic("news.txt"), "--only", "PUB-DISC-01", "--report-junit",
       folder.File("x.xml"), "--report-tap", folder.File("x.tap"), "--report-html",
       folder.File("x.html"), "--report-w3c", folder.File("x.md"), "--github"},
      "", {{"GITHUB_STEP_SUMMARY", folder.File("summary.md")}});
  CHECK(run.status == 0);
  CHECK(Read(folder.File("x.xml")).find("<testsuites name=") != std::string::npos);
  CHECK(Read(folder.File("x.tap")).starts_with("TAP version 14\n1..5\n"));
  CHECK(Read(folder.File("x.html")).starts_with("<!DOCTYPE html>"));
  CHECK(Read(folder.File("x.md"))
            .find("* [x] The publisher advertises the hub and self URLs in "
                  "HTTP headers") != std::string::npos);
  CHECK(Read(folder.File("summary.md")).starts_with("## WebSub publisher: conforms\n"));
  // What stands in the report is no command to the workflow.
  const std::size_t fence = run.out.find("::stop-commands::");
  REQUIRE(fence != std::string::npos);
  const std::string word = run.out.substr(fence + 17, 32);
  CHECK(run.out.ends_with("::" + word + "::\n"));
  CHECK(run.out.find("MUST 5 passed") > fence);
}

TEST_CASE("a publish command that fails or changes nothing is no failure of the topic") {
  HubProcess hub;
  hub.Put("news.atom", Feed(hub, 0), "application/atom+xml");
  for (const char* command : {"exit 3", "true"}) {
    CAPTURE(command);
    const auto report =
        ReportOf({hub.Topic("news.atom"), "--publish-cmd", command, "--only", "PUB-NOT-01/each-hub",
                  "--only", "PUB-DISC-01", "--patience", "500ms"},
                 0);
    const auto cases = report.at("cases");
    const auto one = std::find_if(cases.begin(), cases.end(), [](const auto& each) {
      return each.at("name") == "PUB-NOT-01/each-hub";
    });
    REQUIRE(one != cases.end());
    CHECK(one->at("status") == "skipped");
    CHECK(one->at("message") == (std::string(command) == "true"
                                     ? "--publish-cmd did not change what rel=self answers"
                                     : "--publish-cmd ended with status 3"));
  }
}

}  // namespace
}  // namespace websub::tests
