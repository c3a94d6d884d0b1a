// Digests of content.
#pragma once

#include <string>
#include <string_view>

namespace websub {

// SHA-256 as 64 lower-case hex digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace websub
