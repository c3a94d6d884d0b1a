#include "core/discovery.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/cases.h"

namespace websub {
namespace {

FetchedTopic ReadTopic(const nlohmann::json& one) {
  FetchedTopic topic;
  for (const auto& hop : one.at("hops")) {
    topic.hops.push_back({hop.at("url"), hop.at("status"), hop.value("location", ""),
                          hop.at("link_headers").get<std::vector<std::string>>()});
  }
  topic.content_type = one.at("type");
  topic.body = one.contains("file")
                   ? tests::ReadData("documents/" + one.at("file").get<std::string>())
                   : one.at("body").get<std::string>();
  return topic;
}

nlohmann::json AsJson(const Candidate& candidate) {
  return {{"rel", candidate.rel},
          {"written", candidate.written},
          {"source", std::string(Name(candidate.source))},
          {"where", candidate.where},
          {"taken", candidate.taken}};
}

void CheckCase(const nlohmann::json& one) {
  const Discovery found = Discover(ReadTopic(one));
  CHECK(nlohmann::json(found.hubs).dump() == one.at("hubs").dump());
  const nlohmann::json self = found.self ? nlohmann::json(*found.self) : nlohmann::json();
  CHECK(self.dump() == one.at("self").dump());
  nlohmann::json codes = nlohmann::json::array();
  for (const Warning& warning : found.warnings) codes.push_back(warning.code);
  CHECK(codes.dump() == one.at("warnings").dump());
  if (one.contains("document")) {
    CHECK(std::string(Name(found.document)) == one.at("document").get<std::string>());
  }
  for (const Candidate& candidate : found.candidates) CHECK_FALSE(candidate.reason.empty());
  if (one.contains("candidates")) {
    nlohmann::json candidates = nlohmann::json::array();
    for (const Candidate& candidate : found.candidates) candidates.push_back(AsJson(candidate));
    CHECK(candidates.dump() == one.at("candidates").dump());
  }
}

// The cases of the table for one row of the requirements.
void RunCases(const std::string& id) {
  int run = 0;
  for (const auto& one : tests::ReadCases("core/discovery.json")) {
    if (one.at("id") != id) continue;
    ++run;
    CAPTURE(one.at("name").get<std::string>());
    CheckCase(one);
  }
  CHECK(run >= 3);
}

TEST_CASE("discovers hub and self in Link headers (SUB-DISC-01)") {
  RunCases("SUB-DISC-01");
}
TEST_CASE("discovers hub and self in the head of an HTML page (SUB-DISC-02)") {
  RunCases("SUB-DISC-02");
}
TEST_CASE("discovers hub and self in an Atom feed (SUB-DISC-03)") {
  RunCases("SUB-DISC-03");
}
TEST_CASE("discovers hub and self in an RSS feed (SUB-DISC-04)") {
  RunCases("SUB-DISC-04");
}
TEST_CASE("Link headers win over the document and JSON Feed comes last (SUB-DISC-05)") {
  RunCases("SUB-DISC-05");
}
TEST_CASE("links in the body of an HTML page are not taken (SUB-DISC-06)") {
  RunCases("SUB-DISC-06");
}
TEST_CASE("the topic is the self of the final URL (SUB-REQ-01)") {
  RunCases("SUB-REQ-01");
}
TEST_CASE("several self links are named and the first is taken (PUB-DISC-01)") {
  RunCases("PUB-DISC-01");
}

TEST_CASE("a warning of a Link header says which and where") {
  FetchedTopic topic;
  topic.hops.push_back({"https://example.com/", 200, "", {"<a>; rel=hub", "<b> rel=self"}});
  const Discovery found = Discover(topic);
  REQUIRE_FALSE(found.warnings.empty());
  CHECK(found.warnings[0].message.starts_with("Link header 2: "));
  CHECK(found.warnings[0].column == 5);
}

TEST_CASE("a warning about self says in what it differs") {
  FetchedTopic topic;
  topic.hops.push_back({"http://example.com/x/", 200, "", {"<https://example.com/x>; rel=self"}});
  const Discovery found = Discover(topic);
  REQUIRE(found.warnings.size() == 1);
  CHECK(found.warnings[0].message.find("scheme, trailing slash") != std::string::npos);
}

TEST_CASE("no hops give nothing") {
  const Discovery found = Discover({});
  CHECK(found.hubs.empty());
  CHECK_FALSE(found.self.has_value());
}

TEST_CASE("what was discovered is bounded") {
  FetchedTopic topic;
  std::string header;
  for (int i = 0; i < 900; ++i) header += ", <h" + std::to_string(i) + ">; rel=hub";
  header.erase(0, 2);
  topic.hops.push_back(
      {"https://example.com/", 200, "", {header + ", <>; rel=self", header, header}});
  const Discovery found = Discover(topic);
  CHECK(found.candidates.size() == 1000);
  CHECK(found.hubs.size() == 900);
  CHECK(found.warnings.back().code == "too-many-links");
}

}  // namespace
}  // namespace websub
