// What the local hub keeps, as words for a completion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.h"
#include "core/time.h"

namespace websub::cli::completion {

inline constexpr Duration kPatience = std::chrono::milliseconds(300);  // for all questions together

struct HubPlace {
  std::string url;    // the hub's base or endpoint
  std::string token;  // of its API; empty: none
};

// Topics that were named last, ids of what is newest, or what the hub could tell until the time ran
// out. Peers choose the names of topics: those with a character that a shell takes for more than
// itself are left out.
std::vector<std::string> TopicWords(Environment& environment, const HubPlace& place);
std::vector<std::string> IdWords(Environment& environment, const HubPlace& place);

// Only letters, digits and - . _ ~ : / % + , @ =, and no dash at its beginning.
bool IsPlainWord(std::string_view word);

}  // namespace websub::cli::completion
