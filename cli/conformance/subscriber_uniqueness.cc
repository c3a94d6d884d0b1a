// SUB-REQ-05 to SUB-REQ-08: callbacks and secrets that nobody guesses. Two starts show what they
// have in common.
#include <algorithm>

#include "cli/conformance/subscriber_discover.h"
#include "core/finding.h"
#include "core/subscription_request.h"

namespace websub::cli::conformance {
namespace {

// Path and query; a program that is started twice may listen at another port.
std::string Tail(const Asked& asked) {
  return PathOf(asked.callback());
}

// How many characters are left when what both have at either end is taken away.
std::size_t Differing(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  return std::max(a.size(), b.size());
}

// Less can be tried out in a day.
constexpr std::size_t kLeastDiffering = 8;  // characters

using OfTwo = std::function<Outcome(const Asked&, const Asked&)>;

// Two subscriptions, one after the other, to topics of their own.
Outcome CompareTwo(SubscriberBench& bench, const OfTwo& compare) {
  const auto first = bench.Ask();
  if (!first) return first.error();
  const auto other = bench.Another();
  const auto second = other->Ask();
  if (!second) return second.error();
  return compare(*first, *second);
}

Outcome CallbackUnique(const Asked& first, const Asked& second) {
  if (Tail(first) != Tail(second)) return Passed();
  return Failed(
      "expected a callback of its own for each subscription, got the same path and query "
      "for two",
      "the callback's URL is fixed in the program or its settings");
}

Outcome CallbackUnguessable(const Asked& first, const Asked& second) {
  const std::size_t differing = Differing(Tail(first), Tail(second));
  if (differing >= kLeastDiffering) return Passed();
  if (differing == 0) {
    return Skipped("two subscriptions had the same callback (SUB-REQ-05/unique)");
  }
  return Failed("expected callbacks that nobody can guess, got two that differ in " +
                    std::to_string(differing) + (differing == 1 ? " character" : " characters"),
                "the callback's URL holds a counter or another short number");
}

Step<Asked> AskWithSecret(SubscriberBench& bench) {
  auto asked = bench.Ask();
  if (asked && asked->secret().empty()) {
    return End(Unobservable("it gave no hub.secret, which it may leave out"));
  }
  return asked;
}

Outcome SecretLength(SubscriberBench& bench) {
  const auto asked = AskWithSecret(bench);
  if (!asked) return asked.error();
  const std::size_t size = asked->secret().size();
  if (size <= kMaxSecret) return Passed();
  return Failed("expected a secret of less than 200 bytes, got " + std::to_string(size),
                std::string(EntryOf(FindingCode::kSecretTooLong).cause));
}

Outcome SecretUnique(const Asked& first, const Asked& second) {
  if (first.secret().empty() || second.secret().empty()) {
    return Unobservable("it gave no hub.secret, which it may leave out");
  }
  if (first.secret() != second.secret()) return Passed();
  return Failed("expected a secret of its own for each subscription, got the same for two",
                "the secret is fixed in the program or its settings");
}

Outcome SecretRandom(const Asked& first, const Asked& second) {
  if (first.secret().empty() || second.secret().empty()) {
    return Unobservable("it gave no hub.secret, which it may leave out");
  }
  const std::size_t differing = Differing(first.secret(), second.secret());
  if (differing >= kLeastDiffering) return Passed();
  if (differing == 0) {
    return Skipped("two subscriptions had the same secret (SUB-REQ-07/unique)");
  }
  return Failed("expected secrets that nobody can guess, got two that differ in " +
                    std::to_string(differing) + (differing == 1 ? " character" : " characters"),
                "the secret is a short number, or derived from a counter or the time");
}

Outcome SecretOverHttps(SubscriberBench&) {
  return Unobservable(
      "the hubs of this suite are http: a subscriber may take that for safe on the "
      "same machine");
}

}  // namespace

std::vector<Told> UniquenessStories() {
  const auto of_two = [](Outcome (*compare)(const Asked&, const Asked&)) {
    return [compare](SubscriberBench& bench) { return CompareTwo(bench, compare); };
  };
  return {
      {"SUB-REQ-05/unique", "has a callback of its own for each subscription",
       of_two(CallbackUnique)},
      {"SUB-REQ-05/unguessable", "has callbacks that nobody can guess",
       of_two(CallbackUnguessable)},
      {"SUB-REQ-06", "gives a secret of less than 200 bytes", SecretLength},
      {"SUB-REQ-07/unique", "has a secret of its own for each subscription", of_two(SecretUnique)},
      {"SUB-REQ-07/random", "has secrets that nobody can guess", of_two(SecretRandom)},
      {"SUB-REQ-08", "gives secrets only to hubs that it asks over HTTPS", SecretOverHttps},
  };
}

}  // namespace websub::cli::conformance
