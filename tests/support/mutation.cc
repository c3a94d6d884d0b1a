#include "tests/support/mutation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/support/cases.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace websub::tests {
namespace {

using nlohmann::json;

constexpr auto kDeadline = std::chrono::seconds(240);
// Of a run that nothing may hurry.
const char* const kPatience = "10s";
const char* const kHealthy = "none";

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

bool Covers(const std::string& pattern, const std::string& name) {
  if (pattern.ends_with('*')) {
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
  }
  return pattern.ends_with('/') ? name.starts_with(pattern) : name == pattern;
}

bool CoversAny(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return Covers(pattern, name); });
}

struct Judged {
  std::string name;
  std::string status;
  std::string sentence;  // what was printed: message and cause
};

std::vector<Judged> ReadReport(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("no report was written");
  const json report = json::parse(in);
  std::vector<Judged> cases;
  for (const json& one : report.at("cases")) {
    Judged judged{.name = one.value("name", one.value("id", "")),
                  .status = one.at("status"),
                  .sentence = one.value("message", "")};
    if (const std::string cause = one.value("cause", ""); !cause.empty()) {
      judged.sentence += " (" + cause + ")";
    }
    cases.push_back(std::move(judged));
  }
  return cases;
}

// What a suite sees depends on what comes in time. On a machine that is busy with other tests a run
// may need more of it: what was not judged as it should be is judged once more, alone.
enum class Haste { kUsual, kNone };

// Starts the mutant and runs the suite over it. Throws where either does not work.
std::vector<Judged> RunOver(const MutationPlan& plan, const std::string& fault, Haste haste) {
  std::optional<Process> mutant;
  std::string url;
  if (!plan.suite_starts_it) {
    mutant.emplace(ProcessOptions{.args = {"--fault", fault},
                                  .environment = {},
                                  .program = MutantProgram(plan.role),
                                  .directory = {}});
    if (!mutant->WaitForOut("\n")) throw std::runtime_error("no URL from it: " + mutant->Err());
    std::istringstream(mutant->Out()) >> url;
  }
  const TempDir folder;
  const std::string report = folder.File("report.json");
  std::vector<std::string> args = {"conformance", plan.role};
  for (std::string& arg : plan.args(fault, url)) args.push_back(std::move(arg));
  if (haste == Haste::kNone) {
    const auto given = std::find(args.begin(), args.end(), "--patience");
    if (given != args.end()) args.erase(given, given + 2);
    args.insert(args.end(), {"--patience", kPatience, "--jobs", "8"});
  }
  args.insert(args.end(), {"--report-json", report});
  Process suite({.args = std::move(args), .environment = {}, .directory = {}});
  const Finished run = suite.Wait(kDeadline);
  if (run.status != 0 && run.status != 4) {
    throw std::runtime_error("status " + std::to_string(run.status) + ": " + run.err);
  }
  return ReadReport(report);
}

// One line for each thing that is wrong; none where all is as it should be.
std::vector<std::string> Wrong(const Mutant& mutant, const std::vector<Judged>& cases) {
  std::vector<std::string> wrong;
  for (const std::string& claim : mutant.caught_by) {
    const auto claims = [&](const Judged& one) { return Covers(claim, one.name); };
    if (std::none_of(cases.begin(), cases.end(), claims)) wrong.push_back("no case is " + claim);
  }
  for (const Judged& one : cases) {
    const bool failed = one.status == "failed";
    if (CoversAny(mutant.caught_by, one.name)) {
      if (!failed)
        wrong.push_back("missed by " + one.name + ", " + one.status + ": " + one.sentence);
    } else if (failed && !CoversAny(mutant.may_fail, one.name)) {
      wrong.push_back("false alarm of " + one.name + ": " + one.sentence);
    }
  }
  return wrong;
}

void WriteRow(const MutationPlan& plan, const Mutant& mutant, const std::vector<Judged>& cases) {
  const char* const file = std::getenv("WEBSUB_MUTATION_TABLE");
  if (file == nullptr || *file == '\0') return;
  std::string sentence;
  for (const Judged& one : cases) {
    if (sentence.empty() && CoversAny(mutant.caught_by, one.name)) sentence = one.sentence;
  }
  std::replace_if(
      sentence.begin(), sentence.end(), [](char c) { return c == '\t' || c == '\n'; }, ' ');
  std::ofstream(file, std::ios::app) << plan.role + "\t" + mutant.fault + "\t" + mutant.what +
                                            "\t" + Joined(mutant.caught_by) + "\t" + sentence +
                                            "\n";
}

}  // namespace

std::vector<Mutant> ReadMutants(const std::string& role) {
  std::vector<Mutant> mutants;
  for (const json& row : ReadCases("conformance/" + role + "_mutants.json")) {
    mutants.push_back({.fault = row.at("fault"),
                       .what = row.at("what"),
                       .row = row.at("row"),
                       .caught_by = row.at("caught_by"),
                       .may_fail = row.value("may_fail", std::vector<std::string>())});
  }
  return mutants;
}

std::string MutantProgram(const std::string& role) {
  return std::string(WEBSUB_MUTANTS) + "/mutant_" + role;
}

namespace {

// What is wrong with the verdicts over a mutant.
std::vector<std::string> JudgeMutant(const MutationPlan& plan, const Mutant& mutant, Haste haste,
                                     std::mutex& table) {
  std::vector<std::string> lines;
  try {
    const std::vector<Judged> cases = RunOver(plan, mutant.fault, haste);
    lines = Wrong(mutant, cases);
    const std::scoped_lock lock(table);
    if (lines.empty()) WriteRow(plan, mutant, cases);
  } catch (const std::exception& error) {
    lines.emplace_back(error.what());
  }
  return lines;
}

}  // namespace

void CheckMutants(const MutationPlan& plan, std::size_t part, std::size_t parts) {
  const std::vector<Mutant> mutants = ReadMutants(plan.role);
  std::mutex mutex;
  std::vector<const Mutant*> again;  // guarded by mutex
  const std::size_t step = parts * WEBSUB_EVERY_NTH_MUTANT;
  std::atomic<std::size_t> next{part};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < plan.at_once; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next.fetch_add(step); at < mutants.size(); at = next.fetch_add(step)) {
        if (JudgeMutant(plan, mutants[at], Haste::kUsual, mutex).empty()) continue;
        const std::scoped_lock lock(mutex);
        again.push_back(&mutants[at]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Mutant* mutant : again) {
    for (const std::string& line : JudgeMutant(plan, *mutant, Haste::kNone, mutex)) {
      const std::string text = mutant->fault + ": " + line;
      FAIL_CHECK(text);
    }
  }
}

void CheckHealthy(const MutationPlan& plan, const std::set<std::string>& unobservable) {
  const auto wanted = [&](const Judged& one) {
    return one.status == (unobservable.contains(one.name) ? "unobservable" : "passed");
  };
  std::vector<Judged> cases = RunOver(plan, kHealthy, Haste::kUsual);
  if (!std::all_of(cases.begin(), cases.end(), wanted)) {
    cases = RunOver(plan, kHealthy, Haste::kNone);
  }
  CHECK_FALSE(cases.empty());
  for (const Judged& one : cases) {
    CAPTURE(one.name);
    CAPTURE(one.status);
    CAPTURE(one.sentence);
    CHECK(wanted(one));
  }
}

}  // namespace websub::tests
