// Beyond the Recommendation: what a hub should withstand.
#include <array>

#include "cli/conformance/hub_cases.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::conformance {
namespace {

constexpr std::size_t kExcess = 1024 * 1024;

Outcome RefusesExcess(HubBench& hub, const Form& excess, const std::string& what) {
  const HubTopic topic = hub.NamedTopic();
  hub.Subscribed(topic);
  Form form = FormOf({.topic = topic.url(), .callback = hub.MakeCallback().url()});
  for (const FormField& field : excess) {
    const std::string before(FindField(form, field.name).value_or(""));
    form = With(form, field.name, before + field.value);
  }
  const auto answer = hub.Ask("a request of excessive size", form);
  const auto after = hub.Ask({.topic = topic.url(), .callback = hub.MakeCallback().url()});
  if (!after.Ok2xx()) {
    return Failed("expected the hub to go on after " + what + ", it " + Said(after));
  }
  if (!answer.Ok2xx()) return Passed();  // by a status, or by closing the connection
  return Failed("expected " + what + " to be refused, the hub " + Said(answer),
                "the hub has no limit of its own on what a parameter holds");
}

Outcome RefusesExcessiveHead(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  hub.Subscribed(topic);
  const Form form = FormOf({.topic = topic.url(), .callback = hub.MakeCallback().url()});
  const auto answer = hub.Post("subscriber", "a request with an excessive header field",
                               EncodeForm(form), {{"X-Filler", std::string(kExcess, 'x')}});
  const auto after = hub.Ask("subscribe", form);
  if (!after.Ok2xx()) {
    return Failed("expected the hub to go on after a header field of 1 MiB, it " + Said(after));
  }
  if (!answer.Ok2xx()) return Passed();
  return Failed("expected a header field of 1 MiB to be refused, the hub " + Said(answer));
}

// A subscriber beside those that never answer gets its updates.
Outcome StallsNobody(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  hub.Told(topic, callback);
  for (int i = 0; i < 4; ++i) hub.Subscribed(topic).Deliver(Stall);
  for (int i = 1; i <= 2; ++i) {
    const Content content = hub.Text();
    hub.Publish(topic, content);
    if (hub.Await(callback, content)) continue;

    return Failed("expected update " + std::to_string(i) +
                      " at a subscriber beside four that never answer, it did not come",
                  "deliveries wait for one another: one queue or too few workers for all");
  }
  return Passed();
}

Outcome StallsNoVerification(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  hub.Subscribed(topic);
  for (int i = 0; i < 4; ++i) {
    const Callback stalled = hub.MakeCallback();
    stalled.Verify(Stall);
    hub.Request({.topic = topic.url(), .callback = stalled.url()});
  }
  const Callback callback = hub.MakeCallback();
  hub.Request({.topic = topic.url(), .callback = callback.url()});
  const auto asked =
      callback.place().Await([](const Visit& one) { return IsVerification(one, "subscribe"); });
  if (asked) return Passed();
  return Failed("expected a verification beside four callbacks that never answer theirs, none came",
                "verifications wait for one another");
}

Outcome KeepsSecret(HubBench& hub) {
  const std::string secret = "secret-" + hub.scene().Token();
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  hub.Subscribe(callback, {.topic = topic.url(), .callback = {}, .secret = secret});
  for (const Visit& visit : callback.place().Visits()) {
    if (visit.request.head.find(secret) == std::string::npos) continue;
    return Failed("expected the verification to keep hub.secret to itself, it carries it",
                  "the hub appends all parameters of the request to the callback");
  }
  return Passed();
}

// The same place under a scheme that is none of HTTP's.
Outcome AsksNoOtherScheme(HubBench& hub, const std::string& scheme) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const std::string url = scheme + callback.url().substr(callback.url().find("://"));
  const auto answer = hub.Ask({.topic = topic.url(), .callback = url});
  hub.Subscribed(topic);
  if (answer.status >= 400) return Passed();
  if (callback.place().Quiet([](const Visit&) { return true; })) return Passed();
  return Failed("expected a callback with " + scheme + ": never to be asked, a request came",
                "the hub connects to host and port whatever the scheme says");
}

// Line ends in a callback must not begin a header field of the hub's own request.
Outcome InjectsNothing(HubBench& hub, bool into_callback) {
  const std::string line = "X-Injected: " + hub.scene().Token();
  const std::string tail = "?a=b HTTP/1.1\r\n" + line + "\r\nX-Rest: c";
  if (hub.target().topic && !into_callback) {
    return Unobservable("the hub is to be asked for no topic but that of --topic");
  }
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  Wish wish{.topic = topic.url(), .callback = callback.url()};
  (into_callback ? wish.callback : wish.topic) += tail;
  const auto answer = hub.Ask(wish);
  hub.Subscribed(topic);
  if (answer.status >= 400) return Passed();
  callback.place().Quiet([](const Visit&) { return true; });
  for (const Visit& visit : callback.place().Visits()) {
    if (visit.Field("X-Injected").empty()) continue;
    return Failed(
        "expected line ends in a URL to be refused or escaped, they began a header field "
        "of the hub's own request",
        "the hub writes decoded URLs into its request line");
  }
  return Passed();
}

}  // namespace

void AddHubSecurityCases(CaseList& cases) {
  const std::string filler(kExcess, 'a');
  cases.Add("HUB-SEC-01/topic", "a topic of 1 MiB is refused, and the hub goes on",
            [filler](HubBench& hub) {
              return RefusesExcess(hub, {{"hub.topic", "?" + filler}}, "a topic of 1 MiB");
            });
  cases.Add("HUB-SEC-01/callback", "a callback of 1 MiB is refused, and the hub goes on",
            [filler](HubBench& hub) {
              return RefusesExcess(hub, {{"hub.callback", "?" + filler}}, "a callback of 1 MiB");
            });
  cases.Add("HUB-SEC-01/head", "a header field of 1 MiB is refused, and the hub goes on",
            RefusesExcessiveHead);
  cases.Add("HUB-SEC-02/delivery", "callbacks that never answer hold up nobody else's deliveries",
            StallsNobody);
  cases.Add("HUB-SEC-02/verification", "callbacks that never answer hold up nobody's verification",
            StallsNoVerification);
  cases.Add("HUB-SEC-03", "the verification does not carry the secret", KeepsSecret);
  for (const std::string scheme : {"ftp", "gopher", "file"}) {
    cases.Add("HUB-SEC-04/" + scheme, "a callback with " + scheme + ": is never asked",
              [scheme](HubBench& hub) { return AsksNoOtherScheme(hub, scheme); });
  }
  cases.Add("HUB-SEC-05/callback", "line ends in a callback begin no header field",
            [](HubBench& hub) { return InjectsNothing(hub, true); });
  cases.Add("HUB-SEC-05/topic", "line ends in a topic begin no header field",
            [](HubBench& hub) { return InjectsNothing(hub, false); });
}

}  // namespace websub::cli::conformance
