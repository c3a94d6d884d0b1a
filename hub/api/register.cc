// POST hub.mode=register and deregister: a publisher announces a topic, or withdraws it. An
// extension of the Ballerina and WSO2 publishers; they take exactly 200 and hub.mode=accepted.
#include <utility>

#include "core/subscription_request.h"
#include "hub/api/api.h"

namespace websub::hub {

Result<void> Api::CheckRegistered(const std::string& topic) const {
  if (!options_.require_registration || HostedName(topic)) return {};
  const auto found = store_.FindTopic(topic);
  if (found && found->registered_at) return {};
  return Fail(ErrorCode::kNotFound, "hub.topic: it is not registered with this hub");
}

void Api::Register(const CallPtr& call, const Form& form, Act act) {
  call->speech = Speech::kForm;
  const std::string topic(FindField(form, "hub.topic").value_or(""));
  call->exchange.topic = topic;
  if (const auto good = CheckTopic(topic); !good) {
    return Answer(call, Error{ErrorCode::kInvalid, "hub.topic: " + good.error().message});
  }
  if (const auto good = CheckTopicCredentials(topic); !good) return Answer(call, good.error());
  IfAllowed(call, act, form, [this, call, act, topic] {
    if (act == Act::kDeregister) return Deregister(call, topic);
    store_.RegisterTopic(topic, call->exchange.identity, clock_.Now(),
                         [this, call](const Result<void>& kept) {
                           if (!kept) return Answer(call, kept.error());
                           Answer(call, FormAccepted(), "registered");
                         });
  });
}

// A topic with subscriptions is only withdrawn by --force-deregister. They are denied some hundred
// at a time, and only when there are none left the topic goes: whatever happens in between, asking
// again finishes it.
void Api::Deregister(const CallPtr& call, const std::string& topic) {
  store_.DeregisterTopic(topic, [this, call, topic](const Result<void>& kept) {
    if (kept) return Answer(call, FormAccepted(), "deregistered");
    if (kept.error().code != ErrorCode::kConflict || !options_.force_deregister) {
      return Answer(call, kept.error());
    }
    store_.DenySubscriptionsTo(topic, "the topic was deregistered", clock_.Now(),
                               [this, call, topic](Result<std::vector<SubscriptionId>> ended) {
                                 if (!ended) return Answer(call, ended.error());
                                 for (const SubscriptionId id : *ended) deliverer_.Ended(id);
                                 verifier_.Wake();  // they are told (HUB-VAL-01)
                                 Deregister(call, topic);
                               });
  });
}

}  // namespace websub::hub
