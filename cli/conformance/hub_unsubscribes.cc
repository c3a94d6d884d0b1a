// The end of a subscription, on request.
#include "cli/conformance/hub_cases.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

Wish Ending(const HubTopic& topic, const Callback& callback,
            std::optional<std::string> lease = std::nullopt) {
  return {.mode = "unsubscribe",
          .topic = topic.url(),
          .callback = callback.url(),
          .lease = std::move(lease)};
}

Outcome Answered202(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.Subscribed(topic);
  const auto answer = hub.Ask(Ending(topic, callback));
  if (answer.status == 202) return Passed();
  return Failed("expected 202 to a request to unsubscribe, the hub " + Said(answer));
}

Outcome Verified(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.Subscribed(topic);
  const std::size_t from = callback.Count();
  hub.Request(Ending(topic, callback));
  const auto visit =
      callback.place().Await([](const Visit& one) { return one.request.method == "GET"; }, from);
  if (!visit) {
    return FailedBy(FindingCode::kVerificationNeverCame,
                    "expected a request to unsubscribe to be verified, no verification came");
  }
  if (visit->Parameter("hub.mode") != "unsubscribe") {
    return FailedBy(FindingCode::kVerificationWrongMode,
                    "expected a verification with hub.mode=unsubscribe, it says " +
                        Quote(visit->Parameter("hub.mode").value_or("")));
  }
  if (visit->Parameter("hub.topic") != topic.url()) {
    return FailedBy(FindingCode::kVerificationWrongTopic,
                    "expected the verification to carry hub.topic as it was sent, it carries " +
                        Quote(visit->Parameter("hub.topic").value_or("")));
  }
  if (!visit->Parameter("hub.challenge").value_or("").empty()) return Passed();
  return FailedBy(FindingCode::kVerificationIncomplete,
                  "expected a verification with hub.challenge, it has none");
}

// Asks for the end; a second subscriber tells when an update has been around.
Outcome Ends(HubBench& hub, const std::optional<std::string>& lease) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic);
  const Callback callback = hub.Subscribed(topic);
  const std::size_t from = callback.Count();
  const auto answer = hub.Ask(Ending(topic, callback, lease));
  if (!answer.Ok2xx()) {
    if (!lease)
      return Skipped("the hub " + Said(answer) +
                     " to a request to unsubscribe (HUB-REQ-08/accepted)");
    if (!hub.Ask(Ending(topic, callback)).Ok2xx()) {
      return Skipped("the hub takes no request to unsubscribe (HUB-REQ-08/accepted)");
    }
    return Failed("expected hub.lease_seconds=" + *lease +
                      " to be ignored in a request to unsubscribe, the hub " + Said(answer),
                  "the hub checks the lease before it looks at hub.mode");
  }
  hub.Verification(callback, "unsubscribe", from);
  // The first update may still be on its way when the end is written down.
  for (int i = 0; i < 2; ++i) {
    hub.scene().Wait(hub.scene().silence());
    const Content content = hub.Text();
    hub.Publish(topic, content);
    hub.Delivery(control, content);
    if (hub.Nothing(callback, content)) return Passed();
  }
  return Failed("expected no delivery after a verified request to unsubscribe, one came",
                "the hub removes another row than it delivers to, or goes on with what it holds in "
                "memory");
}

Outcome Stays(HubBench& hub, Answer verify) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic);
  const Callback callback = hub.Subscribed(topic);
  callback.Verify(std::move(verify));
  const std::size_t from = callback.Count();
  const auto answer = hub.Ask(Ending(topic, callback));
  if (!answer.Ok2xx()) {
    return Skipped("the hub takes no request to unsubscribe (HUB-REQ-08/accepted)");
  }
  // Where none comes, that is the case /verified; it may have ended the subscription all the same.
  callback.place().Await([](const Visit& one) { return IsVerification(one, "unsubscribe"); }, from);
  hub.Settle();
  if (hub.Reach(topic, control, callback).callback) return Passed();
  return Failed(
      "expected the subscription to stay where the callback did not confirm its end, "
      "deliveries ended",
      "the hub ends it before, or whatever, the callback answers: anybody can end the "
      "subscriptions of others");
}

}  // namespace

void AddUnsubscribeCases(CaseList& cases) {
  cases.Add("HUB-REQ-08/accepted", "a request to unsubscribe is answered 202", Answered202);
  cases.Add("HUB-REQ-08/verified", "a request to unsubscribe is verified", Verified);
  cases.Add("HUB-REQ-08/ends", "nothing is delivered after a verified request to unsubscribe",
            [](HubBench& hub) { return Ends(hub, std::nullopt); });
  cases.Add("HUB-REQ-08/lease", "hub.lease_seconds is ignored in a request to unsubscribe",
            [](HubBench& hub) { return Ends(hub, "3600"); });
  cases.Add("HUB-REQ-08/bad-lease", "even a bad hub.lease_seconds is ignored there",
            [](HubBench& hub) { return Ends(hub, "soon"); });
  cases.Add("HUB-REQ-08/refused", "a refused request to unsubscribe ends nothing",
            [](HubBench& hub) { return Stays(hub, Refuse); });
  cases.Add("HUB-REQ-08/wrong-echo", "a request to unsubscribe with a wrong challenge ends nothing",
            [](HubBench& hub) { return Stays(hub, AnswerStatus(200, "something else")); });
}

}  // namespace websub::cli::conformance
