// A JSON Web Token (RFC 7519) in its compact, signed form (RFC 7515). Read as RFC 8725 asks for:
// what the token says about how to check it is never followed.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "hub/access/jwk_set.h"
#include "hub/access/policy.h"

namespace websub::hub {

// Believe nothing that it says before JwkSet::Check(signed_text()) has found the signature valid.
// The sentences of errors are ASCII and hold nothing of the token.
class Jwt {
 public:
  // kInvalid where it is no such token, longer than 8 KiB, signed in another way than with one of
  // JwtAlgorithm, or has header members that must be understood (crit, b64).
  static Result<Jwt> Read(std::string_view token);

  const SignedText& signed_text() const { return signed_text_; }
  const std::string& issuer() const { return issuer_; }
  bool IsFor(std::string_view audience) const;
  // kForbidden before its time (nbf, iat) and after it (exp, which it must have).
  Result<void> CheckTime(Time now, Duration leeway) const;
  // kForbidden where the claim holds nothing that can be one (IsIdentity).
  Result<std::string> Identity(const std::string& claim) const;
  // What the scopes in scope, scp, scopes and permissions allow together.
  ActSet Acts() const;
  // kForbidden where the claim is missing or holds no expressions.
  Result<TopicPatterns> Topics(const std::string& claim) const;

 private:
  SignedText signed_text_;
  std::string issuer_;
  std::shared_ptr<const nlohmann::json> claims_;
};

}  // namespace websub::hub
