// Bytes as hex digits, two each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace websub {

// In lower case.
std::string EncodeHex(std::string_view bytes);

// Digits of either case. Nothing where there is anything else, or a digit is left over.
std::optional<std::string> DecodeHex(std::string_view text);

}  // namespace websub
