#include "cli/given_flags.h"

#include <algorithm>

namespace websub::cli {

std::optional<std::string> FirstGiven(const Environment& environment,
                                      std::span<const std::string_view> flags) {
  for (const std::string& arg : environment.args) {
    if (arg == "--") break;
    const std::string_view flag = std::string_view(arg).substr(0, arg.find('='));
    if (std::ranges::find(flags, flag) != flags.end()) return std::string(flag);
  }
  return std::nullopt;
}

}  // namespace websub::cli
