// What the protocol demands: docs/requirements.tsv, and docs/requirements-beyond.tsv for what
// implementations should withstand although the Recommendation does not say so, and for the SHOULD
// that stands beside a MUST in one row of the first. Both tables are part of the binary.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace websub {

enum class Level {
  kMust,
  kShould,
  kMay,
  kBeyond,  // not of the Recommendation
};

std::string_view Name(Level level);                      // "MUST"
std::optional<Level> ParseLevel(std::string_view name);  // any case

struct Requirement {
  std::string_view id;    // "HUB-REQ-01"
  std::string_view role;  // "hub", "subscriber" or "publisher"
  Level level = Level::kMust;
  std::string_view section;  // of the Recommendation: "5.1"; of kBeyond: its group, "retries"
  std::string_view rocks;    // numbers of the public test site's tests, "105,106"; "-" for none
  std::string_view text;     // one sentence
};

// In the order of the tables.
std::span<const Requirement> Requirements();

// Null where there is none of that id.
const Requirement* FindRequirement(std::string_view id);

}  // namespace websub
