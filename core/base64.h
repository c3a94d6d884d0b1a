// Base64 with padding (RFC 4648 section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace websub {

std::string EncodeBase64(std::string_view bytes);

// Nothing where the text is not whole, padded base64 without white space.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace websub
