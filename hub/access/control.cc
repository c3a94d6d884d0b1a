#include "hub/access/control.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "hub/access/strict_json.h"

namespace websub::hub {

namespace {

constexpr Duration kIssuerWait = std::chrono::seconds(5);  // what Retry-After says for an issuer

std::string Digest(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

bool SameDigest(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Deed {
  const char* alone;       // "… may not publish"
  const char* with_topic;  // "… may not publish to this topic"
};
Deed DeedOf(Act act) {
  switch (act) {
    case Act::kSubscribe:
      return {"subscribe", "subscribe to this topic"};
    case Act::kUnsubscribe:
      return {"unsubscribe", "unsubscribe from this topic"};
    case Act::kPublish:
      return {"publish", "publish to this topic"};
    case Act::kRegister:
      return {"register topics", "register this topic"};
    case Act::kDeregister:
      break;
  }
  return {"deregister topics", "deregister this topic"};
}

HookEvent EventOf(Act act) {
  switch (act) {
    case Act::kSubscribe:
      return HookEvent::kSubscription;
    case Act::kUnsubscribe:
      return HookEvent::kUnsubscription;
    case Act::kPublish:
      return HookEvent::kUpdateMessage;
    case Act::kRegister:
      return HookEvent::kRegisterTopic;
    case Act::kDeregister:
      break;
  }
  return HookEvent::kDeregisterTopic;
}

Refused MayNot(const Caller& caller, const std::string& what, Act act) {
  Refused refused;
  refused.status = 403;
  refused.identity = caller.identity;
  refused.reason = (caller.by_token ? "the token of " : "") + caller.identity + " may not " + what;
  if (caller.by_token) {
    refused.challenge = "Bearer realm=\"websub\", error=\"insufficient_scope\", scope=\"" +
                        std::string(ScopeOf(act)) + "\"";
  }
  return refused;
}

Refused LaterOn(std::string reason, Duration wait) {
  Refused refused;
  refused.status = 503;
  refused.reason = std::move(reason);
  refused.retry_after = wait;
  return refused;
}

Refused HookFailed() {
  Refused refused;
  refused.status = 500;
  refused.reason = "the hub's hook failed";
  return refused;
}

// Which rule a token is to be judged by: that of its issuer and of an audience that it names.
struct RuleFor {
  const JwtRule* rule = nullptr;
  const char* problem = nullptr;
};
RuleFor FindRule(const Policy& policy, const Jwt& jwt) {
  RuleFor found{nullptr, "the token's issuer is not known here"};
  for (const JwtRule& rule : policy.jwt) {
    if (rule.issuer != jwt.issuer()) continue;
    if (jwt.IsFor(rule.audience)) return {&rule, nullptr};
    found.problem = "the token is not for this audience";
  }
  return found;
}

// What a token says of its holder, once its signature has been found valid.
Result<Caller> ReadCaller(const Jwt& jwt, const JwtRule& rule) {
  auto identity = jwt.Identity(rule.identity_claim);
  if (!identity) return tl::unexpected(identity.error());
  Caller caller{std::move(*identity), true, {jwt.Acts(), std::nullopt}};
  if (rule.topics_claim.empty()) return caller;
  auto topics = jwt.Topics(rule.topics_claim);
  // Without topics that can be read there is none that it may use.
  caller.grant.topics = topics ? std::move(*topics) : TopicPatterns();
  return caller;
}

}  // namespace

AccessControl::AccessControl(std::optional<Policy> policy, AccessParts parts)
    : parts_(std::move(parts)) {
  if (policy) Replace(std::move(*policy));
}

void AccessControl::Replace(Policy policy) {
  std::map<std::string, std::shared_ptr<Jwks>> jwks;
  for (const JwtRule& rule : policy.jwt) {
    auto& source = jwks[rule.jwks];
    const auto kept = jwks_.find(rule.jwks);
    if (source) continue;
    if (kept != jwks_.end()) {
      source = kept->second;
    } else if (!IsKeyUrl(rule.jwks)) {
      source = MakeFileJwks(rule.jwks, parts_.clock, parts_.on_notice);
    } else if (const auto url = Url::Parse(rule.jwks)) {  // which the policy has been read by
      source = MakeUrlJwks(*url, parts_.issuers, parts_.clock, parts_.on_notice);
    }
  }
  jwks_ = std::move(jwks);
  policy_ = std::make_shared<const Policy>(std::move(policy));
}

void AccessControl::Ask(AccessRequest request, std::function<void(Decision)> done) {
  if (!policy_) return AskHook(std::move(request), {}, std::move(done));
  const std::string authorization = std::exchange(request.authorization, {});
  const Time now = request.now;
  Identify(authorization, now,
           [this, request = std::move(request), done = std::move(done)](Known known) mutable {
             Judge(std::move(request), std::move(known), done);
           });
}

void AccessControl::Identify(const std::string& authorization, Time now, KnownDone done) {
  const Credentials credentials = ParseCredentials(authorization);
  if (std::holds_alternative<NoCredentials>(credentials)) {
    return done(NotKnown("say who you are: this hub takes requests with Authorization only", ""));
  }
  if (const auto* bad = std::get_if<BadCredentials>(&credentials)) {
    const bool bearer = bad->scheme == BadCredentials::Scheme::kBearer;
    return done(NotKnown(bad->reason, bearer ? "invalid_token" : ""));
  }
  if (const auto* given = std::get_if<UserPassword>(&credentials)) {
    return done(CheckPassword(*given));
  }
  CheckToken(std::get<BearerToken>(credentials).token, now, std::move(done));
}

void AccessControl::CheckToken(const std::string& token, Time now, KnownDone done) {
  if (!policy_->jwt.empty() && LooksLikeJwt(token)) return CheckJwt(token, now, std::move(done));
  // How long the search takes tells something of the digest only, from which no token is found.
  const std::string digest = Digest(token);
  const auto found = policy_->tokens.find(digest);
  if (found == policy_->tokens.end() || !SameDigest(found->second.digest, digest)) {
    return done(NotKnown("the token is not known here", "invalid_token"));
  }
  done(Caller{found->second.identity, true, found->second.grant});
}

void AccessControl::CheckJwt(const std::string& token, Time now, KnownDone done) {
  const auto refuse = [this](const std::string& reason) {
    return NotKnown(reason, "invalid_token");
  };
  auto jwt = Jwt::Read(token);
  if (!jwt) return done(refuse(jwt.error().message));
  // What costs little comes first; nothing of it counts before the signature is found valid.
  const RuleFor found = FindRule(*policy_, *jwt);
  if (found.rule == nullptr) return done(refuse(found.problem));
  const JwtRule& rule = *found.rule;
  if (std::find(rule.algorithms.begin(), rule.algorithms.end(), jwt->signed_text().algorithm) ==
      rule.algorithms.end()) {
    return done(refuse("the token is signed with another algorithm than is taken here"));
  }
  if (const auto valid = jwt->CheckTime(now, rule.leeway); !valid) {
    return done(refuse(valid.error().message));
  }
  SignedText signed_text = jwt->signed_text();
  jwks_.at(rule.jwks)->Check(
      std::move(signed_text), [refuse, policy = policy_, &rule, jwt = std::move(*jwt),
                               done = std::move(done)](KeyVerdict verdict) {
        if (verdict == KeyVerdict::kUnavailable) {
          return done(LaterOn("the keys of the token's issuer cannot be had now", kIssuerWait));
        }
        if (verdict == KeyVerdict::kNoKey) {
          return done(refuse("the token is signed with a key that its issuer does not have"));
        }
        if (verdict == KeyVerdict::kForged) return done(refuse("the token's signature is wrong"));
        auto caller = ReadCaller(jwt, rule);
        if (!caller) return done(refuse(caller.error().message));
        done(std::move(*caller));
      });
}

AccessControl::Known AccessControl::CheckPassword(const UserPassword& given) const {
  const std::string digest = Digest(given.password);
  const auto found = policy_->passwords.find(given.user);
  if (found == policy_->passwords.end() || !SameDigest(found->second.digest, digest)) {
    return NotKnown("there is nobody with that name and password", "");
  }
  return Caller{found->second.identity, false, found->second.grant};
}

void AccessControl::Judge(AccessRequest request, Known known, const Done& done) {
  if (auto* refused = std::get_if<Refused>(&known)) return done(std::move(*refused));
  Caller& caller = std::get<Caller>(known);
  if (auto refused = CheckRate(caller.identity, request.now)) return done(std::move(*refused));
  const Deed deed = DeedOf(request.act);
  if (!caller.grant.acts.Has(request.act)) return done(MayNot(caller, deed.alone, request.act));
  if (!caller.grant.MayUse(request.topic)) {
    return done(MayNot(caller, deed.with_topic, request.act));
  }
  AskHook(std::move(request), std::move(caller.identity), done);
}

std::optional<Refused> AccessControl::CheckRate(const std::string& identity, Time now) const {
  if (!parts_.count || identity.empty()) return std::nullopt;
  const Duration wait = parts_.count(identity, now);
  if (wait <= Duration(0)) return std::nullopt;
  Refused refused;
  refused.status = 429;
  refused.reason = identity + " asks too often";
  refused.identity = identity;
  refused.retry_after = wait;
  return refused;
}

void AccessControl::AskHook(AccessRequest request, std::string identity, Done done) {
  const HookEvent event = EventOf(request.act);
  if (parts_.hooks == nullptr || !parts_.hooks->Wants(event)) {
    return done(Allowed{std::move(identity)});
  }
  HookQuestion question;
  question.event = event;
  question.topic = request.topic;
  question.callback = std::move(request.callback);
  question.identity = identity;
  question.peer = std::move(request.peer);
  question.authorization = std::move(request.authorization);
  question.details = std::move(request.details);
  question.now = request.now;
  parts_.hooks->Ask(std::move(question),
                    [this, topic = std::move(request.topic), act = request.act, now = request.now,
                     identity = std::move(identity), done = std::move(done)](HookAnswer answer) {
                      done(Heed(std::move(answer), topic, act, now, identity));
                    });
}

Decision AccessControl::Heed(HookAnswer answer, const std::string& topic, Act act, Time now,
                             std::string identity) const {
  if (const auto* fault = std::get_if<HookFault>(&answer)) {
    parts_.on_notice("the hook for " + std::string(Name(act)) + " failed: " + fault->reason);
    return HookFailed();
  }
  if (auto* denied = std::get_if<HookDeny>(&answer)) {
    Refused refused;
    refused.status = denied->status >= 400 && denied->status <= 599 ? denied->status : 403;
    refused.reason = std::move(denied->reason);
    refused.identity = std::move(identity);
    if (refused.status == 401) refused.challenge = Challenge("");
    return refused;
  }
  if (auto* elsewhere = std::get_if<HookRedirect>(&answer)) {
    return Elsewhere{elsewhere->status == 308 ? 308 : 307, std::move(elsewhere->hubs),
                     std::move(identity)};
  }
  auto& accepted = std::get<HookAccept>(answer);
  if (!policy_ && accepted.identity) {
    if (!IsIdentity(*accepted.identity)) {
      parts_.on_notice("the hook for " + std::string(Name(act)) +
                       " gave an identity that is empty, too long or not plain text");
      return HookFailed();
    }
    identity = std::move(*accepted.identity);
    if (auto refused = CheckRate(identity, now)) return std::move(*refused);
  }
  if (!accepted.topics) return Allowed{std::move(identity)};
  const auto patterns = TopicPatterns::Compile(*accepted.topics);
  if (!patterns) {
    parts_.on_notice("the hook for " + std::string(Name(act)) + " gave topics" +
                     patterns.error().message);
    return HookFailed();
  }
  if (patterns->Match(topic)) return Allowed{std::move(identity)};
  Refused refused =
      MayNot(Caller{identity.empty() ? "you" : identity, false, {}}, DeedOf(act).with_topic, act);
  refused.identity = std::move(identity);
  return refused;
}

Refused AccessControl::NotKnown(const std::string& reason, const char* error) const {
  Refused refused;
  refused.status = 401;
  refused.reason = reason;
  const std::string code = error;
  refused.challenge = Challenge(
      code.empty() ? "" : ", error=\"" + code + "\", error_description=\"" + reason + "\"");
  return refused;
}

// The schemes that the policy takes; where hooks decide alone, which cannot say theirs, both.
std::string AccessControl::Challenge(const std::string& bearer) const {
  const bool tokens = !policy_ || !policy_->tokens.empty() || !policy_->jwt.empty();
  const bool passwords = !policy_ || !policy_->passwords.empty();
  std::string challenge;
  if (tokens || !passwords) challenge = "Bearer realm=\"websub\"" + bearer;
  if (passwords) {
    challenge +=
        std::string(challenge.empty() ? "" : ", ") + "Basic realm=\"websub\", charset=\"UTF-8\"";
  }
  return challenge;
}

}  // namespace websub::hub
