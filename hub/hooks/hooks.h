// What the operator's own code says to what happens: a program or a web service that is told of
// each event and answers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace websub::hub {

enum class HookEvent {
  kRegisterTopic,
  kDeregisterTopic,
  kUpdateMessage,
  kSubscription,
  kSubscriptionValidation,
  kSubscriptionIntentVerified,
  kUnsubscription,
  kUnsubscriptionValidation,
  kUnsubscriptionIntentVerified,
};

std::string_view Name(HookEvent event);  // "subscription_intent_verified"
std::optional<HookEvent> ParseHookEvent(std::string_view name);

// What a hook is told, as JSON. A secret is never among it.
struct HookQuestion {
  HookEvent event = HookEvent::kSubscription;
  std::string topic;
  std::string callback;  // empty where there is none
  std::string identity;  // empty: nobody in particular
  std::string peer;
  std::string authorization;  // told only where the options say so
  std::vector<std::pair<std::string, std::string>> details;
  Time now;
};

struct HookAccept {
  std::optional<std::string> identity;             // as an authenticator
  std::optional<std::vector<std::string>> topics;  // regular expressions: one must match the topic
};
struct HookDeny {
  int status = 403;
  std::string reason;  // never empty
};
struct HookRedirect {
  int status = 307;  // or 308
  std::vector<std::string> hubs;
};
// No answer, a time-out, or one that cannot be read: the request has had no effect. The reason is
// for the operator, and goes on where "the hook failed: " ends: "it answered 502".
struct HookFault {
  std::string reason;
};
using HookAnswer = std::variant<HookAccept, HookDeny, HookRedirect, HookFault>;

// Used on the loop's thread only. Calls `done` once, on the loop's thread, never before Ask
// returns.
class Hooks {
 public:
  virtual ~Hooks() = default;
  // Whether anybody wants to be asked about this event: otherwise it is accepted without a word.
  virtual bool Wants(HookEvent event) const = 0;
  virtual void Ask(HookQuestion question, std::function<void(HookAnswer)> done) = 0;
};

}  // namespace websub::hub
