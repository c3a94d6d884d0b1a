#include "hub/access/jwt.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/base64.h"
#include "core/text.h"
#include "hub/access/strict_json.h"

namespace websub::hub {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxToken = 8 * 1024;
constexpr std::size_t kMaxKeyId = 256;
constexpr std::size_t kMaxTopics = 16;
constexpr double kMaxSeconds = 1e11;  // some 3000 years
constexpr const char* kScopeClaims[] = {"scope", "scp", "scopes", "permissions"};

Result<json> ReadPart(std::string_view part, const std::string& name) {
  const auto text = DecodeBase64Url(part);
  if (!text) return Fail(ErrorCode::kInvalid, "the token's " + name + " is not base64url");
  auto value = ParseStrictJson(*text);
  if (!value || !value->is_object()) {
    return Fail(ErrorCode::kInvalid, "the token's " + name + " is no plain JSON object");
  }
  return value;
}

// RFC 7515 section 4.1. Where it says that keys are (jku, jwk, x5u, x5c) is nothing to us.
Result<void> ReadHeader(const json& header, SignedText& signed_text) {
  const auto algorithm = ParseJwtAlgorithm(StringMember(header, "alg").value_or(""));
  if (!algorithm) {
    return Fail(ErrorCode::kInvalid, "the token is not signed with RS256, ES256 or EdDSA");
  }
  signed_text.algorithm = *algorithm;
  if (header.contains("crit") || header.contains("b64")) {
    return Fail(ErrorCode::kInvalid, "the token's header demands what is not known here");
  }
  if (header.contains("typ")) {
    const std::string type = ToLower(StringMember(header, "typ").value_or(""));
    if (type != "jwt" && type != "at+jwt" && type != "application/at+jwt") {
      return Fail(ErrorCode::kInvalid, "the token is of another type than JWT and at+jwt");
    }
  }
  if (header.contains("kid")) {
    signed_text.key_id = StringMember(header, "kid");
    if (!signed_text.key_id || signed_text.key_id->size() > kMaxKeyId) {
      return Fail(ErrorCode::kInvalid, "the token's key id is no short string");
    }
  }
  return {};
}

// A NumericDate of RFC 7519. Nothing where the claim is missing; false where it is no number.
struct DateClaim {
  bool good = true;
  std::optional<Time> time;
};
DateClaim ReadDate(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end()) return {};
  if (!found->is_number()) return {false, {}};
  const double seconds = std::clamp(found->get<double>(), -kMaxSeconds, kMaxSeconds);
  return {true, Time(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)))};
}

// The words of a claim that is a string or a list of strings.
std::vector<std::string> Words(const json& claim) {
  std::vector<std::string> words;
  const auto add = [&words](std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find(' '), text.size());
      if (end > 0) words.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  };
  if (claim.is_string()) add(claim.get_ref<const std::string&>());
  if (!claim.is_array()) return words;
  for (const json& item : claim) {
    if (item.is_string()) add(item.get_ref<const std::string&>());
  }
  return words;
}

}  // namespace

Result<Jwt> Jwt::Read(std::string_view token) {
  if (token.size() > kMaxToken) return Fail(ErrorCode::kInvalid, "the token is too long");
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return Fail(ErrorCode::kInvalid, "the token has not three parts");
  }
  Jwt jwt;
  const auto header = ReadPart(token.substr(0, first), "header");
  if (!header) return tl::unexpected(header.error());
  if (auto read = ReadHeader(*header, jwt.signed_text_); !read) return tl::unexpected(read.error());
  auto claims = ReadPart(token.substr(first + 1, second - first - 1), "payload");
  if (!claims) return tl::unexpected(claims.error());
  auto signature = DecodeBase64Url(token.substr(second + 1));
  if (!signature || signature->empty()) {
    return Fail(ErrorCode::kInvalid, "the token's signature is not base64url");
  }
  jwt.signed_text_.text = token.substr(0, second);
  jwt.signed_text_.signature = std::move(*signature);
  jwt.issuer_ = StringMember(*claims, "iss").value_or("");
  jwt.claims_ = std::make_shared<const json>(std::move(*claims));
  return jwt;
}

bool Jwt::IsFor(std::string_view audience) const {
  const auto found = claims_->find("aud");
  if (found == claims_->end()) return false;
  const auto names = [audience](const json& one) {
    return one.is_string() && one.get_ref<const std::string&>() == audience;
  };
  return found->is_array() ? std::any_of(found->begin(), found->end(), names) : names(*found);
}

Result<void> Jwt::CheckTime(Time now, Duration leeway) const {
  const DateClaim expires = ReadDate(*claims_, "exp");
  const DateClaim begins = ReadDate(*claims_, "nbf");
  const DateClaim issued = ReadDate(*claims_, "iat");
  if (!expires.good || !begins.good || !issued.good) {
    return Fail(ErrorCode::kForbidden, "the token has a time that is no number");
  }
  if (!expires.time) return Fail(ErrorCode::kForbidden, "the token has no exp: it would never end");
  if (now >= *expires.time + leeway) return Fail(ErrorCode::kForbidden, "the token has expired");
  if (begins.time && now + leeway < *begins.time) {
    return Fail(ErrorCode::kForbidden, "the token is not valid yet");
  }
  if (issued.time && now + leeway < *issued.time) {
    return Fail(ErrorCode::kForbidden, "the token was issued in the future");
  }
  return {};
}

Result<std::string> Jwt::Identity(const std::string& claim) const {
  auto identity = StringMember(*claims_, claim.c_str());
  if (!identity || !IsIdentity(*identity)) {
    return Fail(ErrorCode::kForbidden, "the token does not say whose it is");
  }
  return std::move(*identity);
}

ActSet Jwt::Acts() const {
  ActSet acts = ActSet::None();
  for (const char* name : kScopeClaims) {
    const auto claim = claims_->find(name);
    if (claim == claims_->end()) continue;
    for (const std::string& scope : Words(*claim)) acts.Add(ActsOfScope(scope));
  }
  return acts;
}

Result<TopicPatterns> Jwt::Topics(const std::string& claim) const {
  const auto found = claims_->find(claim);
  std::vector<std::string> expressions;
  if (found != claims_->end() && found->is_string()) {
    expressions.push_back(found->get<std::string>());
  } else if (found != claims_->end() && found->is_array()) {
    for (const json& item : *found) {
      if (item.is_string()) expressions.push_back(item.get<std::string>());
    }
  }
  auto patterns = expressions.size() <= kMaxTopics ? TopicPatterns::Compile(expressions)
                                                   : Fail(ErrorCode::kInvalid, "");
  if (expressions.empty() || !patterns) {
    return Fail(ErrorCode::kForbidden, "the token names no topics that can be read");
  }
  return patterns;
}

}  // namespace websub::hub
