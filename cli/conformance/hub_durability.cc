// Beyond the Recommendation: nothing is lost, nothing comes twice.
#include <algorithm>

#include "cli/conformance/hub_cases.h"

namespace websub::cli::conformance {
namespace {

constexpr int kSubscribers = 30;
constexpr int kUpdates = 15;

// All verifications are answered at about the same time.
Outcome AllOfMany(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  std::vector<Callback> all;
  const Duration together = hub.scene().silence();
  for (int i = 0; i < kSubscribers; ++i) {
    all.push_back(hub.MakeCallback());
    all.back().Verify([together](const Visit& visit) {
      Reply reply = Echo(visit);
      reply.delay = together;
      return reply;
    });
    hub.Request({.topic = topic.url(), .callback = all.back().url()});
  }
  for (const Callback& callback : all) hub.Verification(callback);
  hub.scene().Wait(2 * together);
  // Who misses an update because the hub was slow gets the next one.
  for (int round = 0; round < 2; ++round) {
    const Content content = hub.Text();
    hub.Publish(topic, content);
    const auto got = [&](const Callback& each) { return hub.Await(each, content).has_value(); };
    if (std::all_of(all.begin(), all.end(), got)) return Passed();
    const auto has = [&](const Callback& each) { return hub.Deliveries(each, content) > 0; };
    if (std::none_of(all.begin(), all.end(), has)) return Skipped("no delivery came (HUB-DIS-01)");
  }
  return Failed("expected an update at each of " + std::to_string(kSubscribers) +
                    " subscribers that were verified at the same time, some got none",
                "the hub reads its list of subscriptions, and writes it back later, over what was "
                "written meanwhile");
}

Outcome NoneTwice(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  std::vector<Content> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(hub.Text());
    hub.Publish(topic, all.back());
    hub.Delivery(callback, all.back());
  }
  hub.scene().Wait(2 * hub.scene().silence());
  for (const Content& content : all) {
    if (const std::size_t times = hub.Deliveries(callback, content); times > 1) {
      return FailedBy(FindingCode::kDeliveryDuplicate,
                      "expected each update once at a subscriber that took it, one came " +
                          std::to_string(times) + " times");
    }
  }
  return Passed();
}

// Each is published when the one before has come, so none may be skipped for a newer one.
Outcome NoneLost(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  for (int i = 1; i <= kUpdates; ++i) {
    const Content content = hub.Text();
    hub.Publish(topic, content);
    if (hub.Await(callback, content)) continue;
    if (i == 1) return Skipped("no delivery came (HUB-DIS-01)");
    return Failed("expected each of " + std::to_string(kUpdates) + " updates, number " +
                  std::to_string(i) + " never came");
  }
  return Passed();
}

}  // namespace

void AddDurabilityCases(CaseList& cases) {
  cases.Add("HUB-DUR-01", "of many subscriptions made at the same time none is lost", AllOfMany);
  cases.Add("HUB-DUR-02", "a subscriber that takes each update gets none twice", NoneTwice);
  cases.Add("HUB-DUR-03", "of many updates none is lost", NoneLost);
}

}  // namespace websub::cli::conformance
