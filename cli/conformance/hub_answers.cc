// What the hub makes of a subscriber's answer to a delivery.
#include "cli/conformance/hub_cases.h"

namespace websub::cli::conformance {
namespace {

// Any 2xx is success, whatever stands in the body: the next update follows, and none comes again.
Outcome Success(HubBench& hub, int status) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic);
  const Callback callback = hub.Subscribed(topic);
  callback.Deliver(AnswerStatus(status, status == 204 ? "" : "error: 500 failed, hub.mode=denied"));
  const Content first = hub.Text();
  const Content second = hub.Text();
  hub.Publish(topic, first);
  hub.Delivery(callback, first);
  hub.Delivery(control, first);
  hub.Publish(topic, second);
  hub.Delivery(control, second);
  const bool goes_on = hub.Await(callback, second).has_value();
  hub.scene().Wait(3 * hub.scene().silence());
  if (hub.Deliveries(control, first) != 1) {
    return Skipped("a subscriber that answers 200 gets updates twice, too (HUB-DUR-02)");
  }
  const std::string answered = "after an answer of " + std::to_string(status);
  const std::string cause = "the hub takes 200 alone for success, or reads the answer's body";
  if (!goes_on) return Failed("expected the next update " + answered + ", none came", cause);
  const std::size_t times = hub.Deliveries(callback, first);
  if (times == 1) return Passed();
  return Failed(
      "expected no second attempt " + answered + ", got " + std::to_string(times) + " attempts",
      cause);
}

Outcome Gone(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic);
  const Callback callback = hub.Subscribed(topic);
  callback.Deliver(AnswerStatus(410));
  const Content first = hub.Text();
  hub.Publish(topic, first);
  hub.Delivery(callback, first);
  hub.Delivery(control, first);
  hub.Settle();
  const Content second = hub.Text();
  hub.Publish(topic, second);
  hub.Delivery(control, second);
  return Passed(hub.Nothing(callback, second) ? "the hub ends the subscription"
                                              : "the hub keeps the subscription, as it may");
}

Outcome NotFollowed(HubBench& hub, int status) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  const Callback elsewhere = hub.MakeCallback("/elsewhere");
  const std::string location = elsewhere.url();
  callback.Deliver([status, location](const Visit&) {
    return Reply{.status = status, .fields = {{"Location", location}}, .body = {}};
  });
  hub.Told(topic, callback);
  if (elsewhere.place().Quiet([](const Visit&) { return true; })) return Passed();
  return FailedBy(FindingCode::kDeliveryRedirected,
                  "expected a delivery's redirect (" + std::to_string(status) +
                      ") not to be followed, a request came to its Location");
}

std::string WithinPatience() {
  return "within --patience";
}

Outcome TriesAgain(HubBench& hub, int status) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  callback.Deliver(FailFirst(1, status));
  const Content content = hub.Text();
  hub.Publish(topic, content);
  const Visit first = hub.Delivery(callback, content);
  if (hub.Await(callback, content, first.number + 1)) return Passed();
  return Failed("expected another attempt after an answer of " + std::to_string(status) +
                    ", none "
                    "came " +
                    WithinPatience(),
                "the hub does not retry, or waits for longer than the suite");
}

// A subscriber that fails for a while, and then takes what comes.
Outcome LaterUpdates(HubBench& hub, int status) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic);
  const Callback callback = hub.Subscribed(topic);
  callback.Deliver(AnswerStatus(status, "not now"));
  const Content first = hub.Text();
  hub.Publish(topic, first);
  hub.Delivery(callback, first);
  hub.Delivery(control, first);
  hub.Settle();
  callback.Deliver(AnswerStatus(200));
  const Content second = hub.Text();
  hub.Publish(topic, second);
  hub.Delivery(control, second);
  if (hub.Await(callback, second)) return Passed();
  return Failed("expected later updates after a delivery was answered " + std::to_string(status) +
                    ", none came " + WithinPatience(),
                "the hub removes the subscription, or holds its updates back for longer than the "
                "suite waits");
}

}  // namespace

void AddAnswerCases(CaseList& cases) {
  for (const int status : {201, 202, 204, 299}) {
    const std::string text = std::to_string(status);
    cases.Add("HUB-DIS-05/" + text, "an answer of " + text + " is success, whatever its body",
              [status](HubBench& hub) { return Success(hub, status); });
  }
  cases.Add("HUB-DIS-06", "410 may end the subscription", Gone);
  for (const int status : {301, 302, 307, 308}) {
    const std::string text = std::to_string(status);
    cases.Add("HUB-DIS-07/" + text, "a delivery answered " + text + " goes nowhere else",
              [status](HubBench& hub) { return NotFollowed(hub, status); });
  }
  for (const int status : {404, 500}) {
    const std::string text = std::to_string(status);
    cases.Add("HUB-DIS-08/" + text, "a delivery answered " + text + " is tried again",
              [status](HubBench& hub) { return TriesAgain(hub, status); });
    cases.Add("HUB-DIS-09/" + text, "a subscriber that answered " + text + " gets later updates",
              [status](HubBench& hub) { return LaterUpdates(hub, status); });
  }
}

}  // namespace websub::cli::conformance
