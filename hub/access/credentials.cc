#include "hub/access/credentials.h"

#include <algorithm>
#include <utility>

#include "core/base64.h"
#include "core/text.h"

namespace websub::hub {

namespace {

constexpr std::size_t kMaxValue = 12 * 1024;
constexpr std::size_t kMaxToken = 8 * 1024;

// token68 of RFC 9110 section 11.2: b64token of RFC 6750.
bool IsToken68(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return IsUnreserved(c) || c == '+' || c == '/';
  });
}

bool IsPlain(std::string_view text) {
  return IsUtf8(text) && std::none_of(text.begin(), text.end(), IsControl);
}

Credentials ReadBasic(std::string_view text) {
  using Scheme = BadCredentials::Scheme;
  auto decoded = DecodeBase64(text);
  if (!decoded || decoded->empty()) {
    return BadCredentials{Scheme::kBasic, "the Basic credentials are not base64"};
  }
  const auto colon = decoded->find(':');  // the password may hold more of them
  if (colon == std::string::npos) {
    return BadCredentials{Scheme::kBasic, "the Basic credentials have no colon"};
  }
  if (!IsPlain(*decoded)) {
    return BadCredentials{Scheme::kBasic, "the Basic credentials are not plain UTF-8"};
  }
  return UserPassword{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

}  // namespace

Credentials ParseCredentials(std::string_view authorization) {
  using Scheme = BadCredentials::Scheme;
  const std::string_view value = Trim(authorization);
  if (value.empty()) return NoCredentials{};
  if (value.size() > kMaxValue) {
    return BadCredentials{Scheme::kOther, "the credentials are too long"};
  }
  const auto end = std::min(value.find(' '), value.size());
  const std::string_view scheme = value.substr(0, end);
  const std::string_view rest = Trim(value.substr(end));
  if (EqualIgnoringCase(scheme, "Basic")) return ReadBasic(rest);
  if (!EqualIgnoringCase(scheme, "Bearer")) {
    return BadCredentials{Scheme::kOther, "that authorization scheme is not taken here"};
  }
  if (rest.size() > kMaxToken) return BadCredentials{Scheme::kBearer, "the token is too long"};
  if (!IsToken68(rest)) return BadCredentials{Scheme::kBearer, "the token is malformed"};
  return BearerToken{std::string(rest)};
}

bool LooksLikeJwt(std::string_view token) {
  // '{' and what may follow it there: a double quote or white space.
  return (token.starts_with("ey") || token.starts_with("ew")) &&
         std::count(token.begin(), token.end(), '.') == 2;
}

}  // namespace websub::hub
