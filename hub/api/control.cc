// What a test or a person wants to see happen to a subscription: deny, expire, verify, end.
#include <utility>

#include "core/form.h"
#include "core/text.h"
#include "hub/api/api.h"
#include "hub/api/respond.h"
#include "hub/api/views.h"

namespace websub::hub {

namespace {

bool InForce(const Subscription& subscription) {
  return subscription.state == SubscriptionState::kActive ||
         subscription.state == SubscriptionState::kPending;
}

}  // namespace

// POST /api/v1/subscriptions/ID/{deny,expire,verify} and DELETE /api/v1/subscriptions/ID: nothing
// else comes here (hub/api/routes.h).
void Api::Control(const http::Request& request, const http::Respond& respond) {
  std::string_view path = request.Path();
  constexpr std::string_view kPrefix = "/api/v1/subscriptions/";
  path.remove_prefix(kPrefix.size());
  const auto slash = path.find('/');
  const auto id = ParseId(kSubscriptionLetter, path.substr(0, slash));
  const std::string act(slash == std::string_view::npos ? "" : path.substr(slash + 1));
  const auto subscription = id ? store_.FindSubscription(*id) : std::nullopt;
  if (!subscription) {
    return respond(Refuse(
        {ErrorCode::kNotFound, "no subscription has the id " + Quote(path.substr(0, slash))}));
  }
  if (!InForce(*subscription)) {
    return respond(Refuse({ErrorCode::kConflict,
                           "the subscription is over: " + std::string(Name(subscription->state))}));
  }
  if (act == "verify") {
    NewIntent intent;
    intent.topic = subscription->topic;
    intent.callback = subscription->callback;
    intent.secret = subscription->secret;
    intent.lease = subscription->lease;
    intent.now = clock_.Now();
    intent.identity = subscription->identity;
    intent.algorithm = subscription->algorithm;
    return store_.AddIntent(std::move(intent), [this, respond](Result<Intent> kept) {
      if (!kept) return respond(Refuse(kept.error()));
      respond(http::Response::Text(202, "accepted: the callback is asked to verify it next"));
      verifier_.Add(*kept);
    });
  }
  const SubscriptionState state = act == "deny"     ? SubscriptionState::kDenied
                                  : act == "expire" ? SubscriptionState::kExpired
                                                    : SubscriptionState::kUnsubscribed;
  std::string reason = "denied by the hub";
  if (const auto query = ParseForm(request.Query())) {
    reason = std::string(FindField(*query, "reason").value_or(reason));
  }
  store_.EndSubscription(subscription->id, state, reason, clock_.Now(),
                         [this, respond, subscription](Result<void> kept) {
                           if (!kept) return respond(Refuse(kept.error()));
                           deliverer_.Ended(subscription->id);
                           verifier_.Wake();  // a denial is told (HUB-VAL-01)
                           http::Response response;
                           response.status = 204;
                           respond(std::move(response));
                         });
}

}  // namespace websub::hub
