// Flags that do nothing beside the others on the command line. There, they are a mistake; from a
// variable or a file they are set for whatever uses them (`listen` for serve and subscribe), and
// are passed over.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/environment.h"

namespace websub::cli {

// The first of the flags, such as "--listen", that stands on the command line.
std::optional<std::string> FirstGiven(const Environment& environment,
                                      std::span<const std::string_view> flags);

}  // namespace websub::cli
