#include "hub/access/policy.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/address.h"
#include "core/hex.h"
#include "core/text.h"
#include "core/url.h"
#include "hub/access/strict_json.h"

namespace websub::hub {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxEntries = 100'000;
constexpr Duration kMaxLeeway = std::chrono::minutes(10);
// What `printf %s "$TOKEN" | sha256sum` prints where TOKEN is not set.
constexpr std::string_view kHashOfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct ModeNames {
  Act act;
  std::string_view mode;
  std::string_view scope;
};
constexpr std::array<ModeNames, 5> kModes = {
    {{Act::kSubscribe, "subscribe", "subscribe"},
     {Act::kUnsubscribe, "unsubscribe", "unsubscribe"},
     {Act::kPublish, "publish", "update_content"},
     {Act::kRegister, "register", "register_topic"},
     {Act::kDeregister, "deregister", "deregister_topic"}}};
constexpr std::string_view kOldPublishScope = "content_update";

constexpr std::array<std::pair<JwtAlgorithm, std::string_view>, 3> kAlgorithms = {
    {{JwtAlgorithm::kRs256, "RS256"},
     {JwtAlgorithm::kEs256, "ES256"},
     {JwtAlgorithm::kEdDsa, "EdDSA"}}};

tl::unexpected<Error> Wrong(const std::string& where, const std::string& what) {
  return Fail(ErrorCode::kInvalid, where + ": " + what);
}

// An object of the file, by its place: "tokens[0]". The first thing that is wrong is kept.
class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  Result<void> CheckMembers(std::initializer_list<std::string_view> known) const {
    if (!object_.is_object()) return Wrong(where_, "write an object");
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      std::string names;
      for (const auto& one : known) names += (names.empty() ? "" : ", ") + std::string(one);
      return Wrong(where_ + "." + name, "there is no such member; write one of " + names);
    }
    return {};
  }
  bool Has(const char* name) const { return object_.contains(name); }
  std::string At(const char* name) const { return where_ + "." + name; }

  Result<std::string> Text(const char* name, const std::string& what) const {
    auto text = StringMember(object_, name);
    if (!text || text->empty()) return Wrong(At(name), "write " + what);
    return std::move(*text);
  }
  Result<std::string> Identity(const char* name) const {
    auto text = Text(name, "who this is");
    if (text && !IsIdentity(*text)) {
      return Wrong(At(name), "write at most 256 bytes without control characters");
    }
    return text;
  }
  Result<std::vector<std::string>> Texts(const char* name, const std::string& what) const {
    const auto found = object_.find(name);
    std::vector<std::string> texts;
    if (found == object_.end() || !found->is_array() || found->empty()) {
      return Wrong(At(name), "write a list of " + what);
    }
    for (std::size_t i = 0; i < found->size(); ++i) {
      const json& text = (*found)[i];
      if (!text.is_string()) {
        return Wrong(At(name) + "[" + std::to_string(i) + "]", "write a string");
      }
      texts.push_back(text.get<std::string>());
    }
    return texts;
  }

 private:
  const json& object_;
  const std::string where_;
};

Result<std::string> ReadHash(const Reader& reader, const std::string& secret) {
  const std::string what =
      "sha256: and the 64 hex digits that 'printf %s \"$" + secret + "\" | sha256sum' prints";
  auto text = reader.Text("hash", what);
  if (!text) return text;
  constexpr std::string_view kPrefix = "sha256:";
  if (!text->starts_with(kPrefix)) return Wrong(reader.At("hash"), "write " + what);
  auto digest = DecodeHex(std::string_view(*text).substr(kPrefix.size()));
  if (!digest || digest->size() != 32) return Wrong(reader.At("hash"), "write " + what);
  if (EncodeHex(*digest) == kHashOfNothing) {
    return Wrong(reader.At("hash"), "that is the hash of nothing: was the variable set?");
  }
  return std::move(*digest);
}

Result<Grant> ReadGrant(const Reader& reader) {
  Grant grant;
  if (reader.Has("modes")) {
    const auto modes =
        reader.Texts("modes", "subscribe, unsubscribe, publish, register, deregister");
    if (!modes) return tl::unexpected(modes.error());
    grant.acts = ActSet::None();
    for (std::size_t i = 0; i < modes->size(); ++i) {
      const auto act = ParseMode((*modes)[i]);
      if (!act) {
        return Wrong(reader.At("modes") + "[" + std::to_string(i) + "]",
                     "write subscribe, unsubscribe, publish, register or deregister");
      }
      grant.acts.Add(*act);
    }
  }
  if (reader.Has("topics")) {
    const auto topics = reader.Texts("topics", "regular expressions");
    if (!topics) return tl::unexpected(topics.error());
    auto patterns = TopicPatterns::Compile(*topics);
    if (!patterns) {
      return Fail(ErrorCode::kInvalid, reader.At("topics") + patterns.error().message);
    }
    grant.topics = std::move(*patterns);
  }
  return grant;
}

// A token or a password, whose holder stands in the member `name`.
Result<Holder> ReadHolder(const json& entry, const std::string& where, const char* name,
                          const std::string& secret) {
  const Reader reader(entry, where);
  if (auto known = reader.CheckMembers({name, "hash", "modes", "topics"}); !known) {
    return tl::unexpected(known.error());
  }
  Holder holder;
  auto identity = reader.Identity(name);
  if (!identity) return tl::unexpected(identity.error());
  holder.identity = std::move(*identity);
  auto digest = ReadHash(reader, secret);
  if (!digest) return tl::unexpected(digest.error());
  holder.digest = std::move(*digest);
  auto grant = ReadGrant(reader);
  if (!grant) return tl::unexpected(grant.error());
  holder.grant = std::move(*grant);
  return holder;
}

// Who sits between could put in keys of their own: plain http only where nobody does.
Result<void> CheckKeyUrl(const std::string& text, const std::string& where) {
  const auto url = Url::Parse(text);
  if (!url) return Wrong(where, url.error().message);
  if (!url->userinfo().empty()) return Wrong(where, "write the URL without user and password");
  const bool near =
      url->host() == "localhost" || ClassifyAddress(url->host()) == AddressClass::kLoopback;
  if (url->scheme() != Scheme::kHttps && !near) return Wrong(where, "write an https URL");
  return {};
}

Result<std::vector<JwtAlgorithm>> ReadAlgorithms(const Reader& reader) {
  const auto names = reader.Texts("algorithms", "RS256, ES256, EdDSA");
  if (!names) return tl::unexpected(names.error());
  std::vector<JwtAlgorithm> algorithms;
  for (std::size_t i = 0; i < names->size(); ++i) {
    const auto algorithm = ParseJwtAlgorithm((*names)[i]);
    if (!algorithm) {
      return Wrong(reader.At("algorithms") + "[" + std::to_string(i) + "]",
                   "write RS256, ES256 or EdDSA");
    }
    algorithms.push_back(*algorithm);
  }
  return algorithms;
}

Result<void> ReadJwks(const Reader& reader, const std::string& folder, JwtRule& rule) {
  auto jwks = reader.Text("jwks", "the https URL or the file of the issuer's keys (a JWKS)");
  if (!jwks) return tl::unexpected(jwks.error());
  rule.jwks = std::move(*jwks);
  if (IsKeyUrl(rule.jwks)) return CheckKeyUrl(rule.jwks, reader.At("jwks"));
  if (!folder.empty() && !rule.jwks.starts_with('/')) rule.jwks = folder + "/" + rule.jwks;
  return {};
}

Result<JwtRule> ReadJwtRule(const json& entry, const std::string& where,
                            const std::string& folder) {
  const Reader reader(entry, where);
  if (auto known = reader.CheckMembers(
          {"issuer", "audience", "jwks", "algorithms", "leeway", "topics_claim", "identity_claim"});
      !known) {
    return tl::unexpected(known.error());
  }
  JwtRule rule;
  auto issuer = reader.Text("issuer", "what the tokens' claim iss says");
  if (!issuer) return tl::unexpected(issuer.error());
  rule.issuer = std::move(*issuer);
  auto audience = reader.Text("audience", "what the tokens' claim aud says: the name of this hub");
  if (!audience) return tl::unexpected(audience.error());
  rule.audience = std::move(*audience);
  if (auto read = ReadJwks(reader, folder, rule); !read) return tl::unexpected(read.error());
  auto algorithms = ReadAlgorithms(reader);
  if (!algorithms) return tl::unexpected(algorithms.error());
  rule.algorithms = std::move(*algorithms);
  if (reader.Has("leeway")) {
    const auto text = reader.Text("leeway", "a time: \"60s\"");
    const auto leeway = text ? ParseDuration(*text) : tl::unexpected(text.error());
    if (!leeway || *leeway < Duration(0) || *leeway > kMaxLeeway) {
      return Wrong(reader.At("leeway"), "write a time up to 10 minutes: \"60s\"");
    }
    rule.leeway = *leeway;
  }
  const std::pair<const char*, std::string*> claims[] = {{"topics_claim", &rule.topics_claim},
                                                         {"identity_claim", &rule.identity_claim}};
  for (const auto& [name, target] : claims) {
    if (!reader.Has(name)) continue;
    auto claim = reader.Text(name, "the name of a claim");
    if (!claim) return tl::unexpected(claim.error());
    *target = std::move(*claim);
  }
  return rule;
}

// Calls `read` with each entry of the list `name` and its place.
template <typename Read>
Result<void> ForEach(const json& file, const char* name, Read read) {
  const auto list = file.find(name);
  if (list == file.end()) return {};
  if (!list->is_array()) return Wrong(name, "write a list of objects");
  if (list->size() > kMaxEntries) return Wrong(name, "write at most 100000 entries");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string where = std::string(name) + "[" + std::to_string(i) + "]";
    if (auto done = read((*list)[i], where); !done) return done;
  }
  return {};
}

Result<void> ReadTokens(const json& file, Policy& policy) {
  return ForEach(file, "tokens", [&](const json& entry, const std::string& where) -> Result<void> {
    auto holder = ReadHolder(entry, where, "identity", "TOKEN");
    if (!holder) return tl::unexpected(holder.error());
    std::string digest = holder->digest;
    if (!policy.tokens.emplace(std::move(digest), std::move(*holder)).second) {
      return Wrong(where + ".hash", "another entry has that token already");
    }
    return {};
  });
}

Result<void> ReadPasswords(const json& file, Policy& policy) {
  return ForEach(file, "basic", [&](const json& entry, const std::string& where) -> Result<void> {
    auto holder = ReadHolder(entry, where, "user", "PASSWORD");
    if (!holder) return tl::unexpected(holder.error());
    if (holder->identity.find(':') != std::string::npos) {
      return Wrong(where + ".user", "write a name without ':', which Basic cannot carry");
    }
    std::string user = holder->identity;
    if (!policy.passwords.emplace(std::move(user), std::move(*holder)).second) {
      return Wrong(where + ".user", "another entry has that name already");
    }
    return {};
  });
}

Result<void> ReadIssuers(const json& file, const std::string& folder, Policy& policy) {
  return ForEach(file, "jwt", [&](const json& entry, const std::string& where) -> Result<void> {
    auto rule = ReadJwtRule(entry, where, folder);
    if (!rule) return tl::unexpected(rule.error());
    for (const JwtRule& other : policy.jwt) {
      if (other.issuer == rule->issuer && other.audience == rule->audience) {
        return Wrong(where, "another entry has that issuer and audience already");
      }
    }
    policy.jwt.push_back(std::move(*rule));
    return {};
  });
}

}  // namespace

std::optional<Act> ParseMode(std::string_view name) {
  for (const ModeNames& names : kModes) {
    if (name == names.mode || name == names.scope) return names.act;
  }
  if (name == kOldPublishScope) return Act::kPublish;
  return std::nullopt;
}

std::string_view ScopeOf(Act act) {
  return kModes.at(static_cast<std::size_t>(act)).scope;
}

ActSet ActsOfScope(std::string_view scope) {
  ActSet acts = ActSet::None();
  for (const ModeNames& names : kModes) {
    if (scope == names.scope) acts.Add(names.act);
  }
  if (scope == kOldPublishScope) acts.Add(Act::kPublish);
  if (acts.Has(Act::kSubscribe)) acts.Add(Act::kUnsubscribe);
  return acts;
}

std::string_view Name(JwtAlgorithm algorithm) {
  return kAlgorithms.at(static_cast<std::size_t>(algorithm)).second;
}

std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name) {
  for (const auto& [algorithm, its_name] : kAlgorithms) {
    if (name == its_name) return algorithm;
  }
  return std::nullopt;
}

bool IsKeyUrl(std::string_view jwks) {
  return jwks.find("://") != std::string_view::npos;
}

Result<Policy> ParsePolicy(std::string_view text, const std::string& folder) {
  const auto file = ParseStrictJson(text);
  if (!file) return tl::unexpected(file.error());
  if (!file->is_object()) return Fail(ErrorCode::kInvalid, "write an object");
  for (const auto& [name, value] : file->items()) {
    if (name != "tokens" && name != "basic" && name != "jwt") {
      return Wrong(name, "there is no such member; write one of tokens, basic, jwt");
    }
  }
  if (file->empty()) return Fail(ErrorCode::kInvalid, "write at least one of tokens, basic, jwt");
  Policy policy;
  if (auto read = ReadTokens(*file, policy); !read) return tl::unexpected(read.error());
  if (auto read = ReadPasswords(*file, policy); !read) return tl::unexpected(read.error());
  if (auto read = ReadIssuers(*file, folder, policy); !read) return tl::unexpected(read.error());
  return policy;
}

}  // namespace websub::hub
