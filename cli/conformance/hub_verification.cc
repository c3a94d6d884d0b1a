// What the hub asks the callback, and how long the subscription lasts.
#include <algorithm>
#include <charconv>
#include <set>

#include "cli/conformance/hub_cases.h"
#include "core/text.h"

namespace websub::cli::conformance {
namespace {

constexpr long kShort = 3;  // seconds that a case can wait for

Outcome Asks(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  hub.Request({.topic = topic.url(), .callback = callback.url()});
  const auto visit = callback.place().Await([](const Visit&) { return true; });
  if (!visit) {
    return FailedBy(FindingCode::kVerificationNeverCame,
                    "expected a verification at the callback, nothing came");
  }
  if (visit->request.method != "GET") {
    return Failed("expected verification by GET, it came by " + visit->request.method);
  }
  const std::string query(visit->request.Query());
  for (const std::string name : {"hub.mode", "hub.topic", "hub.challenge"}) {
    if (!visit->Parameter(name).value_or("").empty()) continue;
    const std::string what =
        "expected a verification with " + name + ", its query is " + Quote(query);
    return FailedBy(query.find("hub_") != std::string::npos ? FindingCode::kParameterUnderscore
                                                            : FindingCode::kVerificationIncomplete,
                    what);
  }
  if (visit->Parameter("hub.mode") != "subscribe") {
    return FailedBy(FindingCode::kVerificationWrongMode,
                    "expected a verification with hub.mode=subscribe, it says " +
                        Quote(*visit->Parameter("hub.mode")));
  }
  if (visit->Parameter("hub.topic") == topic.url()) return Passed();
  return FailedBy(FindingCode::kVerificationWrongTopic,
                  "expected the verification to carry hub.topic as it was sent, it carries " +
                      Quote(*visit->Parameter("hub.topic")));
}

// Of several subscriptions, one asked for twice.
std::vector<std::string> Challenges(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  std::vector<std::string> all;
  const Callback first = hub.MakeCallback();
  const Callback second = hub.MakeCallback();
  for (const Callback* callback : {&first, &second, &first, &second}) {
    const Visit visit = hub.Subscribe(*callback, {.topic = topic.url(), .callback = {}});
    all.push_back(*visit.Parameter("hub.challenge"));
  }
  return all;
}

Outcome ChallengesDiffer(HubBench& hub) {
  const std::vector<std::string> all = Challenges(hub);
  if (std::set<std::string>(all.begin(), all.end()).size() == all.size()) return Passed();
  return FailedBy(FindingCode::kChallengeRepeated,
                  "expected a new challenge for each verification, one came twice");
}

// A counter or the time: numbers that lie close together.
Outcome ChallengesAreRandom(HubBench& hub) {
  std::vector<long long> numbers;
  for (const std::string& text : Challenges(hub)) {
    long long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      if (text.size() >= 8) return Passed();
      return Failed("expected a challenge that cannot be guessed, it has " +
                    std::to_string(text.size()) + " characters");
    }
    numbers.push_back(number);
  }
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  if (*most - *least > 1'000'000) return Passed();
  return Failed("expected a challenge that cannot be guessed, they are numbers close together",
                "the challenge is a counter, or the time");
}

Outcome ChallengesNeedNoEscapes(HubBench& hub) {
  for (const std::string& challenge : Challenges(hub)) {
    if (std::all_of(challenge.begin(), challenge.end(), IsUnreserved)) continue;
    return FailedBy(FindingCode::kChallengeNeedsEscaping,
                    "expected a challenge of unreserved characters, got " + Quote(challenge));
  }
  return Passed();
}

// ---------------------------------------------------------------------------------------- leases

// Nothing where the verification tells none, or none that is a positive number.
std::optional<long> Told(const Visit& verification) {
  const std::string text = verification.Parameter("hub.lease_seconds").value_or("");
  long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  if (error != std::errc() || end != text.data() + text.size() || seconds <= 0) {
    return std::nullopt;
  }
  return seconds;
}

Outcome TellsLease(HubBench& hub, std::optional<std::string> asked) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const Visit visit =
      hub.Subscribe(callback, {.topic = topic.url(), .callback = {}, .lease = std::move(asked)});
  if (Told(visit)) return Passed();
  const auto text = visit.Parameter("hub.lease_seconds");
  if (!text) {
    return FailedBy(FindingCode::kLeaseMissing,
                    "expected the verification to tell hub.lease_seconds, it does not");
  }
  return FailedBy(FindingCode::kLeaseInvalid,
                  "expected hub.lease_seconds to be a positive number, it is " + Quote(*text));
}

struct Leased {
  HubTopic topic;
  Callback control;
  Callback callback;
  long seconds;
};

Leased Lease(HubBench& hub, long asked) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic);
  const Callback callback = hub.MakeCallback();
  const Visit visit = hub.Subscribe(
      callback, {.topic = topic.url(), .callback = {}, .lease = std::to_string(asked)});
  const auto told = Told(visit);
  if (!told) throw CaseOver{Skipped("the verification tells no lease (HUB-VER-04/told)")};
  return {topic, control, callback, *told};
}

// From now on, which is no earlier than the verification.
void WaitSeconds(HubBench& hub, long seconds) {
  hub.scene().Wait(std::chrono::seconds(seconds) + hub.scene().silence());
}

Outcome LeaseEnds(HubBench& hub) {
  const Leased lease = Lease(hub, 1);
  if (lease.seconds > kShort) {
    return Unobservable(
        "the hub grants no lease so short that its end could be waited for: "
        "asked for 1, it told " +
        std::to_string(lease.seconds));
  }
  WaitSeconds(hub, lease.seconds);
  const Content content = hub.Text();
  hub.Publish(lease.topic, content);
  hub.Delivery(lease.control, content);
  if (hub.Nothing(lease.callback, content)) return Passed();
  return FailedBy(FindingCode::kDeliveryAfterLease, "expected no delivery after the lease of " +
                                                        std::to_string(lease.seconds) +
                                                        " s that was told, one came");
}

// What was told counts, not what was asked for.
Outcome LeaseHolds(HubBench& hub) {
  const Leased lease = Lease(hub, 2);
  if (lease.seconds > 2) WaitSeconds(hub, 2);
  const Content content = hub.Text();
  hub.Publish(lease.topic, content);
  hub.Delivery(lease.control, content);
  if (hub.Await(lease.callback, content)) return Passed();
  return Failed("expected deliveries until the lease that was told is over, they ended before",
                "the hub tells one lease and keeps another, such as the one that was asked for");
}

Outcome GrantsLease(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const Visit visit =
      hub.Subscribe(callback, {.topic = topic.url(), .callback = {}, .lease = "7200"});
  const auto told = Told(visit);
  if (!told) return Skipped("the verification tells no lease (HUB-VER-04/told)");
  if (*told == 7200) return Passed();
  return Passed("the hub's own policy: asked for 7200, it granted " + std::to_string(*told));
}

}  // namespace

void AddVerificationCases(CaseList& cases) {
  cases.Add("HUB-VER-01", "a subscription is verified by GET with mode, topic and challenge", Asks);
  cases.Add("HUB-VER-02/differs", "each verification has a challenge of its own", ChallengesDiffer);
  cases.Add("HUB-VER-02/random", "a challenge cannot be guessed", ChallengesAreRandom);
  cases.Add("HUB-VER-02/characters", "a challenge needs no escapes", ChallengesNeedNoEscapes);
}

void AddLeaseCases(CaseList& cases) {
  cases.Add("HUB-VER-04/told", "the verification tells the lease",
            [](HubBench& hub) { return TellsLease(hub, std::nullopt); });
  cases.Add("HUB-VER-04/told-when-asked", "the verification tells the lease that was granted",
            [](HubBench& hub) { return TellsLease(hub, "600"); });
  cases.Add("HUB-VER-04/ends", "nothing is delivered after the lease", LeaseEnds);
  cases.Add("HUB-VER-04/holds", "the lease that was told is the one that counts", LeaseHolds);
  cases.Add("HUB-VER-05", "the lease is the one asked for, or the hub's own", GrantsLease);
}

}  // namespace websub::cli::conformance
