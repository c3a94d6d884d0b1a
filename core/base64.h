// Base64 with padding (RFC 4648 section 4), and as JSON Web Tokens write it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace websub {

std::string EncodeBase64(std::string_view bytes);

// Nothing where the text is not whole, padded base64 without white space.
std::optional<std::string> DecodeBase64(std::string_view text);

// Base64url (RFC 4648 section 5) without padding. Nothing for any text but the one that an encoder
// makes: the bits that are left over must be zero, so no two texts mean the same bytes.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace websub
