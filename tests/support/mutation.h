// Programs with one fault each, and whether the conformance suite of their role sees just that
// fault. The table is tests/data/conformance/ROLE_mutants.json, a list of
//   {"fault": "verifies-any-echo",          what the program is given as --fault
//    "what": "Takes any body for the challenge",
//    "row": "HUB-VER-03",                   the requirement that is violated
//    "caught_by": ["HUB-VER-03/quoted"],    each of these must fail
//    "may_fail": ["HUB-REQ-06/wrong-echo"]  these may: the fault truly concerns them too
//   }
// A name that ends with '/' or '*' stands for every case that begins like it.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace websub::tests {

struct Mutant {
  std::string fault;
  std::string what;
  std::string row;
  std::vector<std::string> caught_by;
  std::vector<std::string> may_fail;
};

std::vector<Mutant> ReadMutants(const std::string& role);

// The program "mutant_ROLE", built from tests/support/mutants.
std::string MutantProgram(const std::string& role);

struct MutationPlan {
  std::string role;  // "hub"
  // The arguments behind `websub conformance ROLE`, without the report's. `url` is what the mutant
  // printed; empty where the suite starts the mutant itself.
  std::function<std::vector<std::string>(const std::string& fault, const std::string& url)> args;
  bool suite_starts_it = false;
  std::size_t at_once = 4;  // runs side by side
};

// Runs the suite over the mutants number `part`, `part` + `parts`, … of the table, or only every
// fourth of these in a build with sanitizers: each must be caught by the cases that claim it, and
// by none that it does not concern. Where the environment variable WEBSUB_MUTATION_TABLE names a
// file, a row is appended to it for each: role, fault, what, caught by and the sentence printed,
// with tabs between.
void CheckMutants(const MutationPlan& plan, std::size_t part, std::size_t parts);

// The mutant without a fault ("none"): every case passes, but those named, which nothing tells.
void CheckHealthy(const MutationPlan& plan, const std::set<std::string>& unobservable);

}  // namespace websub::tests
