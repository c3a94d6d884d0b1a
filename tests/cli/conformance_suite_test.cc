#include "cli/conformance/suite.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

#include "cli/conformance/expected_failures.h"
#include "tests/cli/fake_environment.h"

namespace websub::cli::conformance {
namespace {

Case Named(const std::string& name) {
  Case one;
  one.name = name;
  one.title = "a case";
  one.run = [](Scene&) { return Passed(); };
  return one;
}

CaseResult Ended(const std::string& name, Verdict verdict) {
  CaseResult result;
  result.name = name;
  result.outcome.verdict = verdict;
  return result;
}

// A run's own random numbers and a stage on a free port.
struct SuiteFixture {
  FakeEnvironment fake;
  std::unique_ptr<Stage> stage = Stage::Open(fake.environment, {}).value();
};

}  // namespace

TEST_CASE("a case is named by its whole name a beginning of it or the public site's number") {
  const Case one = Named("HUB-VER-03/redirect");
  for (const char* text :
       {"HUB-VER-03/redirect", "hub-ver-03", "HUB-VER-03/", "HUB-VER", "HUB", "hub-", "HUB-VER-"}) {
    CAPTURE(text);
    CHECK(Names(text, one));
  }
  for (const char* text : {"HUB-VER-0", "HUB-VER-03/red", "VER-03", "HUB-VER-03/redirects", "H"}) {
    CAPTURE(text);
    CHECK_FALSE(Names(text, one));
  }
  const Case types = Named("HUB-DIS-02");
  CHECK(Names("rocks:hub:105", types));
  CHECK(Names("rocks:hub:106", types));
  CHECK_FALSE(Names("rocks:hub:10", types));
  CHECK_FALSE(Names("rocks:subscriber:105", types));
}

TEST_CASE("levels and groups choose cases and names go before both") {
  const Case must = Named("HUB-REQ-01");
  const Case should = Named("HUB-DIS-08");
  const Case may = Named("HUB-DIS-06");
  const Case beyond = Named("HUB-RETRY-01");
  Selection selection;
  CHECK(Selects(selection, may));
  CHECK_FALSE(Selects(selection, beyond));
  selection.level = Level::kShould;
  CHECK(Selects(selection, must));
  CHECK(Selects(selection, should));
  CHECK_FALSE(Selects(selection, may));
  selection.groups = {"order"};
  CHECK_FALSE(Selects(selection, beyond));
  selection.groups = {"retries"};
  CHECK(Selects(selection, beyond));
  selection.groups = {"all"};
  CHECK(Selects(selection, beyond));
  selection.only = {"HUB-DIS"};
  CHECK(Selects(selection, may));
  CHECK_FALSE(Selects(selection, must));
  selection.skip = {"HUB-DIS-06"};
  CHECK_FALSE(Selects(selection, may));
}

TEST_CASE("known gaps are read by line and one that names nothing is an error with its place") {
  const std::vector<Case> cases = {Named("HUB-REQ-01"), Named("HUB-VER-03/redirect"),
                                   Named("HUB-VER-03/other-body")};
  const auto parsed = ExpectedFailures::Parse(
      "gaps.txt", "# known\n\n  HUB-VER-03  # all of them\nHUB-REQ-01\r\n", cases);
  REQUIRE(parsed);
  std::vector<CaseResult> results = {Ended("HUB-REQ-01", Verdict::kPassed),
                                     Ended("HUB-VER-03/redirect", Verdict::kFailed),
                                     Ended("HUB-VER-03/other-body", Verdict::kPassed)};
  CHECK(parsed->Apply(results) == std::vector<std::string>{"HUB-REQ-01"});
  CHECK_FALSE(results[0].expected_failure);
  CHECK(results[1].expected_failure);
  CHECK_FALSE(results[2].expected_failure);

  results[1].outcome.verdict = Verdict::kPassed;
  CHECK(parsed->Apply(results) == std::vector<std::string>{"HUB-VER-03", "HUB-REQ-01"});
  results[1].outcome.verdict = Verdict::kSkipped;  // says nothing about the gap
  CHECK(parsed->Apply(results) == std::vector<std::string>{"HUB-REQ-01"});

  const auto wrong = ExpectedFailures::Parse("gaps.txt", "HUB-REQ-01\nHUB-REQ-O1\n", cases);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message ==
        "gaps.txt line 2: no case is named \"HUB-REQ-O1\"; did you mean HUB-REQ-01?");
}

TEST_CASE_FIXTURE(SuiteFixture, "results come in the order of the cases however they end") {
  std::vector<Case> cases;
  std::atomic<int> side_by_side{0};
  std::atomic<int> most{0};
  std::atomic<bool> company{false};
  for (int i = 0; i < 12; ++i) {
    Case one = Named("HUB-REQ-01/" + std::to_string(i));
    one.alone = i % 4 == 0;
    one.run = [&, i, alone = one.alone](Scene& scene) -> Outcome {
      const int now = ++side_by_side;
      most = std::max<int>(most, now);
      if (alone && now > 1) company = true;
      scene.Wait(std::chrono::milliseconds(i % 3));
      --side_by_side;
      if (i == 5) return Failed("expected a, got b", "a cause");
      if (i == 6) throw std::runtime_error("broken");
      return Passed();
    };
    cases.push_back(std::move(one));
  }
  std::size_t done = 0;
  const auto results = RunCases(*stage, "hub", cases, 3, [&](const Progress& progress) {
    done = progress.done;
    CHECK(progress.all == 12);
    CHECK(progress.running.size() <= 3);
  });
  REQUIRE(results.size() == 12);
  CHECK(done == 12);
  CHECK(most <= 3);
  CHECK_FALSE(company);
  for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].name == cases[i].name);
  CHECK(results[5].outcome.verdict == Verdict::kFailed);
  CHECK(results[5].requirement->id == "HUB-REQ-01");
  CHECK(results[6].internal_error);
  CHECK(results[6].outcome.verdict == Verdict::kSkipped);
  CHECK(results[7].outcome.verdict == Verdict::kPassed);
}

TEST_CASE_FIXTURE(SuiteFixture, "the end of a run skips what has not ended") {
  std::vector<Case> cases = {Named("HUB-REQ-01"), Named("HUB-REQ-02"), Named("HUB-REQ-03")};
  cases[1].run = [&](Scene& scene) {
    stage->Stop();
    return scene.Wait(std::chrono::hours(1)) ? Passed() : Failed("cut off");
  };
  const auto results = RunCases(*stage, "hub", cases, 1, {});
  CHECK(results[0].outcome.verdict == Verdict::kPassed);
  CHECK(results[1].outcome.verdict == Verdict::kSkipped);
  CHECK(results[2].outcome.verdict == Verdict::kSkipped);
}

}  // namespace websub::cli::conformance
