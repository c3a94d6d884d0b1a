// The Access that a hub has: who asks by the policy of --auth, whether there is a hook that has a
// say, and what that leads to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "hub/access/access.h"
#include "hub/access/credentials.h"
#include "hub/access/jwks.h"
#include "hub/access/jwt.h"
#include "hub/access/policy.h"
#include "hub/clock.h"
#include "hub/hooks/hooks.h"
#include "hub/transport.h"

namespace websub::hub {

struct AccessParts {
  Transport& issuers;  // verifies TLS, whatever others do
  const Clock& clock;
  Hooks* hooks = nullptr;  // null: none
  // Counts a request of that identity. Zero: it may go on; else how long it has to wait. Empty:
  // nothing is counted.
  std::function<Duration(const std::string& identity, Time now)> count;
  Notice on_notice;  // what only the operator is to know; never a secret
};

// Who asks and what they may do.
struct Caller {
  std::string identity;
  bool by_token = false;  // not by a password
  Grant grant;
};

// In this order: the policy says who asks (401), the rate of that identity is counted (429), the
// policy says what it may do (403), the hook for the act decides. Without a policy everybody is
// nobody in particular, and a hook may say who asks: only then it is given what stands in
// Authorization. Its word about topics holds with a policy too.
//
// The parts outlive this, and this outlives what they call back. A 403 by a token has a challenge
// too, which names the scope that it lacks (RFC 6750 section 3.1).
class AccessControl : public Access {
 public:
  AccessControl(std::optional<Policy> policy, AccessParts parts);

  void Ask(AccessRequest request, std::function<void(Decision)> done) override;

  // From now on this policy holds. Keys of issuers that stay are kept; who waits for keys is judged
  // by the policy that he came under.
  void Replace(Policy policy);

 private:
  using Done = std::function<void(Decision)>;
  using Known = std::variant<Caller, Refused>;
  using KnownDone = std::function<void(Known)>;

  void Identify(const std::string& authorization, Time now, KnownDone done);
  void CheckToken(const std::string& token, Time now, KnownDone done);
  void CheckJwt(const std::string& token, Time now, KnownDone done);
  Known CheckPassword(const UserPassword& given) const;
  void Judge(AccessRequest request, Known known, const Done& done);
  std::optional<Refused> CheckRate(const std::string& identity, Time now) const;
  void AskHook(AccessRequest request, std::string identity, Done done);
  Decision Heed(HookAnswer answer, const std::string& topic, Act act, Time now,
                std::string identity) const;

  Refused NotKnown(const std::string& reason, const char* error) const;  // 401
  std::string Challenge(const std::string& bearer) const;

  AccessParts parts_;
  std::shared_ptr<const Policy> policy_;               // null: none
  std::map<std::string, std::shared_ptr<Jwks>> jwks_;  // by JwtRule::jwks
};

}  // namespace websub::hub
