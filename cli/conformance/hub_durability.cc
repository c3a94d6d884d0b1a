// Beyond the Recommendation: nothing is lost, nothing comes twice.
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
  hub.scene().Wait(together);
  hub.Settle();
  const Content content = hub.Text();
  hub.Publish(topic, content);
  int got = 0;
  for (const Callback& callback : all) {
    const Duration wait = got > 0 ? hub.scene().silence() : hub.scene().patience();
    const auto fits = [&](const Visit& one) { return hub.Brings(one, content); };
    if (callback.place().Await(fits, 0, wait)) ++got;
  }
  if (got == 0) return Skipped("no delivery came (HUB-DIS-01)");
  if (got == kSubscribers) return Passed();
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
