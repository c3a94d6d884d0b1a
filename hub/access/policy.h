// What the file of --auth says: who there is, and what each may do.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "hub/access/access.h"
#include "hub/access/topic_patterns.h"

namespace websub::hub {

class ActSet {
 public:
  static constexpr ActSet All() { return ActSet(0x1f); }
  static constexpr ActSet None() { return ActSet(0); }
  constexpr void Add(Act act) { bits_ |= Bit(act); }
  constexpr void Add(ActSet acts) { bits_ |= acts.bits_; }
  constexpr bool Has(Act act) const { return (bits_ & Bit(act)) != 0; }
  constexpr bool operator==(const ActSet&) const = default;

 private:
  explicit constexpr ActSet(unsigned bits) : bits_(bits) {}
  static constexpr unsigned Bit(Act act) { return 1U << static_cast<unsigned>(act); }
  unsigned bits_;
};

// The act of a mode, by our name or by that of a WSO2 scope: "publish" and "update_content".
std::optional<Act> ParseMode(std::string_view name);
// The scope that allows it: "update_content".
std::string_view ScopeOf(Act act);
// What a scope allows: "subscribe" also to take the subscription back. Unknown ones: nothing.
ActSet ActsOfScope(std::string_view scope);

// What somebody may do.
struct Grant {
  ActSet acts = ActSet::All();
  std::optional<TopicPatterns> topics;  // nothing: every topic

  bool MayUse(std::string_view topic) const { return !topics || topics->Match(topic); }
};

struct Holder {
  std::string identity;
  std::string digest;  // SHA-256 of the token or password, 32 bytes
  Grant grant;
};

enum class JwtAlgorithm { kRs256, kEs256, kEdDsa };

std::string_view Name(JwtAlgorithm algorithm);  // "RS256", as in JSON
std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name);

// Tokens of this issuer for this audience are believed.
struct JwtRule {
  std::string issuer;
  std::string audience;
  std::string jwks;  // an https URL (on loopback also http), or a file
  std::vector<JwtAlgorithm> algorithms;
  Duration leeway = std::chrono::seconds(60);
  std::string
      topics_claim;  // a claim with expressions for topics, one or a list; empty: every topic
  std::string identity_claim = "sub";
};

// Whether a JWKS is to be fetched; otherwise it is a file.
bool IsKeyUrl(std::string_view jwks);

struct Policy {
  std::map<std::string, Holder, std::less<>> tokens;     // by digest
  std::map<std::string, Holder, std::less<>> passwords;  // by user
  std::vector<JwtRule> jwt;                              // no two of one issuer and audience
};

// Reads the text of such a file. Members that are not known are errors, so that a slip of the pen
// opens no door. kInvalid says where and what to write: "tokens[0].hash: …". Relative names of JWKS
// files are put behind `folder`.
Result<Policy> ParsePolicy(std::string_view text, const std::string& folder);

// The whole file. kNotFound, kForbidden, or kTooLarge beyond `limit` bytes; the sentence does not
// name the file.
Result<std::string> ReadSmallFile(const std::string& file, std::size_t limit);

struct PolicyFile {
  Policy policy;
  std::string warning;  // a sentence where others may read the file; empty: all is well
};

// Reads the file, and sees that the JWKS files that it names can be read. The sentences of the
// errors begin with the file's name.
Result<PolicyFile> ReadPolicyFile(const std::string& file);

}  // namespace websub::hub
