// POST hub.mode=subscribe and unsubscribe (section 5.1): checked, kept, answered; verification
// follows and the answer never waits for it (HUB-REQ-13).
#include <utility>

#include "core/address_policy.h"
#include "core/subscription_request.h"
#include "hub/api/api.h"

namespace websub::hub {

Result<void> Api::CheckPolicy(const SubscriptionRequest& request) const {
  if (request.mode == Mode::kUnsubscribe) return {};
  if (const auto registered = CheckRegistered(request.topic); !registered) return registered;
  if (options_.security.https && request.callback.scheme() != Scheme::kHttps) {
    return Fail(ErrorCode::kForbidden, "hub.callback: this hub takes https callbacks only");
  }
  if (options_.security.secret && !request.secret) {
    return Fail(ErrorCode::kForbidden,
                "hub.secret: this hub takes subscriptions with a secret only");
  }
  if (auto allowed = CheckTopicCredentials(request.topic); !allowed) return allowed;
  // What a name leads to is checked when the callback is connected to.
  if (options_.callbacks) {
    const auto allowed = options_.callbacks->CheckUrl(request.callback);
    if (!allowed) return Fail(allowed.error().code, "hub.callback: " + allowed.error().message);
  }
  return {};
}

void Api::Subscribe(const CallPtr& call, const Form& form) {
  // What is recorded of a request that is refused: as much as can be read.
  call->exchange.topic = std::string(FindField(form, "hub.topic").value_or(""));
  call->exchange.callback = std::string(FindField(form, "hub.callback").value_or(""));

  auto request = ParseSubscriptionRequest(form);
  if (!request) return Answer(call, request.error());  // HUB-REQ-11
  if (const auto allowed = CheckPolicy(*request); !allowed) return Answer(call, allowed.error());
  const Act act = request->mode == Mode::kSubscribe ? Act::kSubscribe : Act::kUnsubscribe;
  IfAllowed(call, act, form, [this, call, request = std::move(*request)] { Keep(call, request); });
}

void Api::Keep(const CallPtr& call, SubscriptionRequest request) {
  NewIntent intent;
  intent.mode = request.mode;
  intent.topic = std::move(request.topic);
  intent.callback = request.callback.text();
  intent.secret = request.secret.value_or("");
  if (intent.mode == Mode::kSubscribe) {
    intent.lease = GrantLease(options_.lease, request.lease);  // HUB-VER-05
  }
  intent.now = clock_.Now();
  intent.identity = call->exchange.identity;
  intent.algorithm = request.algorithm;
  intent.verify_token = std::move(request.verify_token);
  intent.most_on_host = options_.most_on_host;
  store_.AddIntent(std::move(intent), [this, call, verify = request.verify](Result<Intent> kept) {
    if (!kept) {
      if (kept.error().code == ErrorCode::kNotFound) {
        return Answer(call, Error{ErrorCode::kNotFound,
                                  "hub.callback: it has no subscription to this hub.topic"});
      }
      return Answer(call, kept.error());
    }
    call->exchange.subscription_id = kept->subscription_id;
    if (verify == VerifyMode::kSync) {
      return verifier_.AddSync(*kept, [this, call](const Result<void>& verdict) {
        if (!verdict) return Answer(call, verdict.error());
        http::Response response;
        response.status = 204;
        Answer(call, std::move(response), "verified");
      });
    }
    Answer(call, http::Response::Text(202, "accepted: the callback is asked to verify it next"),
           "accepted");
    verifier_.Add(*kept);
  });
}

}  // namespace websub::hub
