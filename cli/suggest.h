// "Did you mean …?"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace websub::cli {

// The known word that is nearest to the one written: one or two letters missing, added, changed or
// swapped, or a word that it begins. Nothing where none is near.
std::optional<std::string> Nearest(std::string_view written, const std::vector<std::string>& known);

}  // namespace websub::cli
