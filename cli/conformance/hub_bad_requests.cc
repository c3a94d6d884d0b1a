// Requests that the hub has to refuse, and how it says so.
#include "cli/conformance/hub_cases.h"
#include "core/text.h"
#include "core/url.h"

namespace websub::cli::conformance {
namespace {

// A request that is sound but for what `spoil` does to it.
Outcome Refused(HubBench& hub, const std::string& what, const std::function<Form(Form)>& spoil) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const auto answer =
      hub.Ask("a bad request", spoil(FormOf({.topic = topic.url(), .callback = callback.url()})));
  if (answer.status >= 400 && answer.status < 500) return Passed();
  // The Recommendation allows both; 4xx says whose fault it is.
  if (answer.status >= 500) return Passed("the hub " + Said(answer) + ", where 4xx would fit");
  return Failed("expected 4xx to a request " + what + ", the hub " + Said(answer),
                "the hub does not check the parameter, or takes a default for it");
}

Outcome RefusedInQuery(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const std::string query = EncodeForm(FormOf({.topic = topic.url(), .callback = callback.url()}));
  const auto answer =
      hub.Post("subscriber", "a bad request", "", {}, AppendQuery(hub.target().url, query));
  if (answer.status >= 400) return Passed();
  return Failed(
      "expected 4xx where the parameters stand in the URL and the body is empty, the hub " +
          Said(answer),
      "the hub reads the parameters by a function that looks at the query as well as the "
      "body");
}

// HUB-REQ-12: a refusal that a person can act on.
Outcome Explains(HubBench& hub, std::string_view name) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const auto answer = hub.Ask(
      "a bad request", Without(FormOf({.topic = topic.url(), .callback = callback.url()}), name));
  if (answer.status < 400) {
    return Skipped("the hub " + Said(answer) + " to a request without it (HUB-REQ-11)");
  }
  const std::string type = ToLower(FirstField(HeadFields(answer.head), "Content-Type"));
  if (!type.starts_with("text/plain")) {
    return Failed("expected a description as text/plain, the refusal is " +
                  (type.empty() ? "without a type" : Quote(type)));
  }
  // "hub.callback", or just "callback".
  if (ToLower(answer.body).find(name.substr(name.find('.') + 1)) != std::string::npos) {
    return Passed();
  }
  return Failed("expected the refusal to name " + std::string(name) + ", it says " +
                Quote(answer.body));
}

}  // namespace

void AddBadRequestCases(CaseList& cases) {
  const auto refused = [&](const std::string& name, const std::string& what,
                           std::function<Form(Form)> spoil) {
    cases.Add(
        "HUB-REQ-11/" + name, "a request " + what + " is refused",
        [what, spoil = std::move(spoil)](HubBench& hub) { return Refused(hub, what, spoil); });
  };
  for (const std::string name : {"mode", "topic", "callback"}) {
    refused("no-" + name, "without hub." + name,
            [name](const Form& form) { return Without(form, "hub." + name); });
    refused("empty-" + name, "with an empty hub." + name,
            [name](const Form& form) { return With(form, "hub." + name, ""); });
    cases.Add("HUB-REQ-12/" + name, "the refusal of a request without hub." + name + " names it",
              [name](HubBench& hub) { return Explains(hub, "hub." + name); });
  }
  struct BadValue {
    std::string name;
    std::string what;
    std::string parameter;
    std::string value;
  };
  const std::vector<BadValue> values = {
      {"unknown-mode", "with an unknown hub.mode", "hub.mode", "subscribble"},
      {"relative-callback", "whose callback is a relative URL", "hub.callback", "/callback"},
      {"ftp-callback", "whose callback is an ftp URL", "hub.callback", "ftp://localhost/callback"},
      {"mailto-callback", "whose callback is a mailto URL", "hub.callback", "mailto:a@localhost"},
      {"hostless-callback", "whose callback has no host", "hub.callback", "http:///callback"},
      {"lease-word", "whose lease is a word", "hub.lease_seconds", "forever"},
      {"lease-negative", "whose lease is negative", "hub.lease_seconds", "-60"},
      {"lease-fraction", "whose lease is a fraction", "hub.lease_seconds", "3600.5"},
  };
  for (const BadValue& each : values) {
    refused(each.name, each.what,
            [each](const Form& form) { return With(form, each.parameter, each.value); });
  }
  cases.Add("HUB-REQ-11/query", "parameters in the URL do not stand for those in the body",
            RefusedInQuery);
}

}  // namespace websub::cli::conformance
