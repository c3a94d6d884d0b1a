// How a case ends, and what is written down of it.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "core/exchange.h"
#include "core/requirement.h"

namespace websub::cli::conformance {

enum class Verdict {
  kPassed,
  kFailed,        // the requirement is violated, and the case saw it
  kSkipped,       // it could not be tried: what it builds on does not work, or was not given
  kUnobservable,  // it was tried, and nothing tells whether the requirement holds
};

std::string_view Name(Verdict verdict);  // "passed"

struct Outcome {
  Verdict verdict = Verdict::kPassed;
  // One sentence: what was expected and what came; why it was skipped or cannot be seen. Holds
  // nothing that differs from run to run beyond what the peer sent.
  std::string message;
  // Of a failure: what usually causes it, from core's findings. May be empty.
  std::string cause;
};

inline Outcome Passed(std::string message = {}) {
  return {Verdict::kPassed, std::move(message), {}};
}
inline Outcome Failed(std::string message, std::string cause = {}) {
  return {Verdict::kFailed, std::move(message), std::move(cause)};
}
inline Outcome Skipped(std::string message) {
  return {Verdict::kSkipped, std::move(message), {}};
}
inline Outcome Unobservable(std::string message) {
  return {Verdict::kUnobservable, std::move(message), {}};
}

// A step of a case: what it brought, or how the case ends there.
template <typename T>
using Step = tl::expected<T, Outcome>;
inline tl::unexpected<Outcome> End(Outcome outcome) {
  return tl::unexpected<Outcome>(std::move(outcome));
}

// An exchange that the suite took part in: `from` sent the request, `to` answered. One of the two
// is the program that is tested, the other a part that the suite plays: "publisher", "topic",
// "callback", "hub". Raw bytes; values of --header are masked. `exchange.outcome` says in a word or
// two what it was.
struct Evidence {
  std::string from;
  std::string to;
  Exchange exchange;
};

struct CaseResult {
  const Requirement* requirement = nullptr;
  std::string name;   // "HUB-VER-03/redirect"
  std::string title;  // what the case looks at
  Outcome outcome;
  std::vector<Evidence> evidence;  // in the order in which the requests began
  Duration took{0};
  bool internal_error = false;    // the case itself broke: a bug of this program
  bool expected_failure = false;  // named in --expected-failures
};

}  // namespace websub::cli::conformance
