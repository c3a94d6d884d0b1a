// Base64 with padding (RFC 4648 section 4), and as JSON Web Tokens write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace websub {

std::string EncodeBase64(std::string_view bytes);

// Both read the one text that an encoder makes of the bytes, and nothing else: no white space, and
// the bits that are left over must be zero (RFC 4648 section 3.5), so that no two texts mean the
// same bytes. DecodeBase64 wants the padding; DecodeBase64Url (section 5) wants none.
std::optional<std::string> DecodeBase64(std::string_view text);
std::optional<std::string> DecodeBase64Url(std::string_view text);

// As forgiving programs read it: either alphabet, padded or not, whatever the bits left over.
std::optional<std::string> DecodeLaxBase64(std::string_view text);

}  // namespace websub
