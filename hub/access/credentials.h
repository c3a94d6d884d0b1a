// Reads the value of an Authorization field.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace websub::hub {

struct NoCredentials {};
struct BearerToken {
  std::string token;
};
struct UserPassword {  // UTF-8 without control characters (RFC 7617 section 2)
  std::string user;
  std::string password;
};
// A scheme that nobody here knows, or credentials that are none of their scheme.
struct BadCredentials {
  enum class Scheme { kBearer, kBasic, kOther };
  Scheme scheme = Scheme::kOther;
  std::string reason;  // ASCII, a fixed sentence: nothing of what came is in it
};
using Credentials = std::variant<NoCredentials, BearerToken, UserPassword, BadCredentials>;

// Schemes are matched in any case. A value of more than 12 KiB, or a token of more than 8 KiB, is
// bad.
Credentials ParseCredentials(std::string_view authorization);

// Whether a token has the form of a signed JWT: three parts, the first of which begins an object.
bool LooksLikeJwt(std::string_view token);

}  // namespace websub::hub
