// Beyond the Recommendation: retries, and the order in which updates come.
#include "cli/conformance/hub_cases.h"

namespace websub::cli::conformance {
namespace {

constexpr int kUpdates = 8;
constexpr int kRetryAfter = 2;  // seconds

Outcome SameAgain(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic, "a-secret");
  callback.Deliver(FailFirst(1, 503));
  const Content content = hub.Text();
  hub.Publish(topic, content);
  const Visit first = hub.Delivery(callback, content);
  const auto second = hub.Await(callback, content, first.number + 1);
  if (!second) return Failed("expected another attempt after 503, none came within --patience");
  for (const std::string name : {"Content-Type", "Link", "X-Hub-Signature"}) {
    if (first.Field(name) == second->Field(name)) continue;
    return Failed("expected the second attempt to carry the same " + name + " as the first");
  }
  if (first.request.body == second->request.body) return Passed();
  return Failed("expected the second attempt to carry the same body, its " +
                    std::to_string(second->request.body.size()) + " bytes are others",
                "the body was a stream that the first attempt has used up, or was fetched anew");
}

Outcome WaitsAsTold(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  callback.Deliver(FailFirst(1, 503, {{"Retry-After", std::to_string(kRetryAfter)}}));
  const Content content = hub.Text();
  hub.Publish(topic, content);
  const Visit first = hub.Delivery(callback, content);
  // Some room: the clocks that measure are two.
  const auto early = std::chrono::seconds(kRetryAfter) - std::chrono::milliseconds(100);
  const auto second = callback.place().Await(
      [&](const Visit& one) { return hub.Brings(one, content); }, first.number + 1,
      hub.scene().patience() + std::chrono::seconds(kRetryAfter));
  if (!second) return Skipped("no second attempt came (HUB-RETRY-01)");
  if (second->at - first.at >= early) return Passed();
  return Failed("expected no attempt within the " + std::to_string(kRetryAfter) +
                    " s of Retry-After, one came",
                "the hub keeps to its own schedule alone");
}

// Updates may be skipped where newer ones are there already, but never come after them.
Outcome InOrder(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  // A subscriber that is slow at times: what was sent later must still wait.
  callback.Deliver([](const Visit& visit) {
    Reply reply;
    reply.delay = std::chrono::milliseconds(visit.number % 2 == 1 ? 40 : 0);
    return reply;
  });
  std::vector<Content> all;
  for (int i = 0; i < kUpdates; ++i) {
    all.push_back(hub.Text());
    const std::size_t fetched = hub.pings() ? topic.place().Visits().size() : 0;
    hub.Publish(topic, all.back());
    // So that the hub has each of them, and not the last one alone.
    if (hub.pings()) topic.place().Await([](const Visit&) { return true; }, fetched);
  }
  hub.Delivery(callback, all.back());
  hub.scene().Wait(2 * hub.scene().silence());  // for older ones behind it
  std::size_t at = 0;
  for (const Visit& visit : callback.place().Visits()) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (visit.request.body.find(all[i].mark) == std::string::npos) continue;
      if (i < at) {
        return FailedBy(FindingCode::kDeliveryOutOfOrder,
                        "expected updates in the order in which they were published, number " +
                            std::to_string(i + 1) + " came after number " + std::to_string(at + 1));
      }
      at = i;
    }
  }
  return Passed();
}

Outcome NewestLast(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  callback.Deliver(FailFirst(1, 500));
  const Content first = hub.Text();
  hub.Publish(topic, first);
  hub.Delivery(callback, first);
  const Content second = hub.Text();
  hub.Publish(topic, second);
  const auto newest = hub.Await(callback, second);
  if (!newest) return Skipped("no update came after a failed one (HUB-DIS-09)");
  const bool old = !callback.place().Quiet(
      [&](const Visit& one) { return one.request.body.find(first.mark) != std::string::npos; },
      newest->number + 1, 3 * hub.scene().silence());
  if (!old) return Passed();
  return FailedBy(FindingCode::kDeliveryOutOfOrder,
                  "expected the newest version to be the last that is delivered, the older one "
                  "came after it");
}

Outcome TwoWithinASecond(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  const Content first = hub.Text();
  const Content second = hub.Text();
  hub.Publish(topic, first);
  hub.Delivery(callback, first);
  hub.Publish(topic, second);
  if (hub.Await(callback, second)) return Passed();
  return Failed("expected the second of two updates within one second, it never came",
                "the hub tells versions apart by whole seconds, or takes pings that follow close "
                "for repeats");
}

// The ping for the newest version comes while the hub still fetches the one before.
Outcome WhileFetching(HubBench& hub) {
  hub.NeedsPings("this is about an update that comes while another is fetched");
  const HubTopic topic = hub.Topic();
  const Callback callback = hub.Subscribed(topic);
  {
    const std::scoped_lock lock(topic.state().mutex);
    topic.state().delay = hub.scene().silence() / 2;
  }
  const std::size_t from = topic.place().Visits().size();
  const Content first = hub.Text();
  hub.Publish(topic, first);
  if (!topic.place().Await([](const Visit&) { return true; }, from)) {
    return Skipped("the hub does not fetch the topic (HUB-DIS-01)");
  }
  const Content second = hub.Text();
  hub.Publish(topic, second);
  if (hub.Await(callback, second)) return Passed();
  if (hub.Deliveries(callback, first) == 0) return Skipped("no delivery came (HUB-DIS-01)");
  return Failed("expected the newest version where its ping came during a fetch, it never came",
                "the hub drops a ping for a topic that it is fetching");
}

}  // namespace

void AddRetryCases(CaseList& cases) {
  cases.Add("HUB-RETRY-01", "a second attempt is the same as the first", SameAgain);
  cases.Add("HUB-RETRY-02", "Retry-After is heeded", WaitsAsTold);
  cases.Add("HUB-ORDER-01", "updates come in the order in which they were published", InOrder);
  cases.Add("HUB-ORDER-02", "after a failure the newest version still comes last", NewestLast);
  cases.Add("HUB-ORDER-03/close", "two updates within one second are both told", TwoWithinASecond);
  cases.Add("HUB-ORDER-03/fetching", "an update that comes during a fetch is told", WhileFetching);
}

}  // namespace websub::cli::conformance
