// Beyond the Recommendation: how publishers and subscribers in the wild speak.
#include "cli/conformance/hub_cases.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

void Renew(const HubTopic& topic, const Content& content) {
  const std::scoped_lock lock(topic.state().mutex);
  topic.state().content = content;
}

Outcome PingsByTopic(HubBench& hub) {
  hub.NeedsPings("this is about a ping");
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  hub.Told(topic, callback);
  const Content content = hub.Text();
  Renew(topic, content);
  const auto answer = hub.Ping({{"hub.mode", "publish"}, {"hub.topic", topic.url()}});
  if (answer.Ok2xx() && hub.Await(callback, content)) return Passed();
  return Failed("expected a publish with hub.topic to be delivered, " +
                (answer.Ok2xx() ? std::string("nothing came") : "the hub " + Said(answer)));
}

Outcome PingsForMany(HubBench& hub) {
  hub.NeedsPings("this is about a ping");
  std::vector<HubTopic> topics;
  std::vector<Callback> callbacks;
  Form form = {{"hub.mode", "publish"}};
  for (int i = 0; i < 3; ++i) {
    topics.push_back(hub.Topic());
    callbacks.push_back(hub.Subscribed(topics.back()));
    form.push_back({"hub.url", topics.back().url()});
  }
  hub.Told(topics[0], callbacks[0]);
  std::vector<Content> contents;
  for (const HubTopic& topic : topics) {
    contents.push_back(hub.Text());
    Renew(topic, contents.back());
  }
  const auto answer = hub.Ping(form);
  if (!answer.Ok2xx())
    return Failed("expected a publish with three hub.url to be taken, the hub " + Said(answer));
  for (std::size_t i = 0; i < topics.size(); ++i) {
    if (hub.Await(callbacks[i], contents[i])) continue;
    return Failed("expected each hub.url of one publish to count, number " + std::to_string(i + 1) +
                      " of 3 led to no delivery",
                  "the hub reads parameters into a table with one value for each name");
  }
  return Passed();
}

Outcome VerifyToken(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const std::string token = "a token+with %26 & more";
  const Visit visit = hub.Subscribe(
      callback, {.topic = topic.url(), .callback = {}, .more = {{"hub.verify_token", token}}});
  const auto got = visit.Parameter("hub.verify_token");
  if (got == token) return Passed();
  return FailedBy(
      FindingCode::kVerifyTokenMissing,
      "expected hub.verify_token back as it was sent, got " + (got ? Quote(*got) : "none"));
}

Outcome Synchronous(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  hub.Subscribed(topic);  // which is verified where it does not matter when
  const Callback callback = hub.MakeCallback();
  const auto answer =
      hub.Ask({.topic = topic.url(), .callback = callback.url(), .more = {{"hub.verify", "sync"}}});
  if (!answer.Ok2xx()) {
    return Failed("expected hub.verify=sync to be taken, the hub " + Said(answer));
  }
  if (callback.Count() > 0) return Passed();
  return Failed("expected the verification before the answer to hub.verify=sync, it had not come");
}

}  // namespace

void AddDialectCases(CaseList& cases) {
  cases.Add("HUB-DIA-01", "a publish with hub.topic counts like one with hub.url", PingsByTopic);
  cases.Add("HUB-DIA-02", "each hub.url of a publish counts", PingsForMany);
  cases.Add("HUB-DIA-03", "hub.verify_token comes back", VerifyToken);
  cases.Add("HUB-DIA-04", "hub.verify=sync is verified before the answer", Synchronous);
}

}  // namespace websub::cli::conformance
