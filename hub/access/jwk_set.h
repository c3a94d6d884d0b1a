// The public keys of an issuer (RFC 7517), of the kinds that tokens are signed with here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "hub/access/policy.h"

namespace websub::hub {

inline constexpr std::size_t kMaxJwkSet = 256 * 1024;  // bytes

enum class SignatureFit {
  kValid,
  kForged,  // there is a key of that name, and the signature is none of its
  kNoKey,   // no key fits: perhaps a newer set has one
};

// What a token says about its signature.
struct SignedText {
  JwtAlgorithm algorithm = JwtAlgorithm::kRs256;
  std::optional<std::string> key_id;
  std::string text;       // what was signed
  std::string signature;  // as the JWS holds it, decoded
};

// Keys that may not verify (use, key_ops), of another kind, too weak (RSA below 2048 bits) or
// broken are left out: an issuer may publish others beside. A copy costs no more than a pointer.
class JwkSet {
 public:
  // kInvalid where the text is no JWKS or too large.
  static Result<JwkSet> Parse(std::string_view text);

  std::size_t size() const;
  // Tries the keys with the token's key id, or where it has none, all of its kind: at most eight.
  SignatureFit Check(const SignedText& token) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace websub::hub
