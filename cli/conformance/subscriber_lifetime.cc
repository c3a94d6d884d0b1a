// SUB-VER-03, SUB-VER-04 and SUB-DIS-06: how a subscription goes on and ends.
#include <algorithm>
#include <chrono>

#include "cli/conformance/subscriber_bench.h"

namespace websub::cli::conformance {
namespace {

using std::chrono::seconds;

// A lease that a run can wait for: three fifths of the patience, 3 s unless --patience is given.
seconds ShortLease(SubscriberBench& bench) {
  const auto wanted = std::chrono::ceil<seconds>(bench.scene().patience() * 3 / 5);
  return std::max(wanted, seconds(2));
}

void Deny(SubscriberBench& bench, const Asked& asked, hub::OutgoingResult& result) {
  const Form form = {
      {"hub.mode", "denied"}, {"hub.topic", asked.topic()}, {"hub.reason", "the case wants it so"}};
  Message message;
  message.url = AppendQuery(asked.callback(), EncodeForm(form));
  message.timeout = bench.scene().patience();
  result = bench.scene().Send("hub", "denial", message);
}

bool IsGone(SubscriberBench& bench, const hub::OutgoingResult& result) {
  const bool ended = bench.program() != nullptr && bench.program()->status().has_value();
  return ended || (result.status >= 400 && result.status < 500) || result.fault == Fault::kRefused;
}

// ------------------------------------------------------------------------------------ SUB-VER-03

// Denied in place of the verification: the subscription that it asked for is not wanted any more.
Outcome DeniedAtOnce(SubscriberBench& bench) {
  const auto asked = bench.Ask();
  if (!asked) return asked.error();
  bench.Settle();
  hub::OutgoingResult denied;
  Deny(bench, *asked, denied);
  const Answered answered = bench.Verify(*asked);
  const bool asked_again = bench.hub().Visits().size() > asked->visit.number + 1;
  if (!answered.Echoed() || asked_again) return Passed();
  return Failed(
      "expected the subscription to be over once it is denied, got the challenge of a "
      "later verification",
      "hub.mode=denied is not looked at");
}

// Denied when it is active: nothing is taken afterwards, and nothing renewed.
Outcome DeniedLater(SubscriberBench& bench) {
  const seconds lease = ShortLease(bench);
  const auto asked = bench.Subscribe(lease);
  if (!asked) return asked.error();
  const Time end = bench.Now() + lease;
  const std::string before = bench.Marker();
  bench.DeliverControl(*asked, before);
  if (bench.CanObserve() && !bench.Sees(before)) {
    return Skipped("a delivery that is signed right was not observed (SUB-DIS-04)");
  }
  const std::size_t requests = bench.hub().Visits().size();
  hub::OutgoingResult denied;
  Deny(bench, *asked, denied);
  const std::string after = bench.Marker();
  if (IsGone(bench, bench.DeliverControl(*asked, after))) return Passed();
  if (bench.AwaitMode("subscribe", requests, end - bench.Now())) {
    return Failed("expected the subscription to be over once it is denied, got its renewal",
                  "hub.mode=denied is not looked at");
  }
  if (!bench.CanObserve()) {
    return Unobservable(
        "it goes on answering 2xx, and only --observe-cmd, --observe-url or "
        "--observe-output tell what it does with deliveries");
  }
  if (!bench.SeesNow(after)) return Passed();
  return Failed(
      "expected the subscription to be over once it is denied, got a later delivery "
      "taken",
      "hub.mode=denied is not looked at");
}

// ------------------------------------------------------------------------------------ SUB-VER-04

// Waits for the next request to subscribe after `asked`, whose lease has begun.
Outcome RenewsBefore(SubscriberBench& bench, const Asked& asked, seconds lease, Time begin,
                     std::optional<Asked>* renewal = nullptr) {
  const Duration grace = bench.scene().patience() / 4;
  auto next =
      bench.AwaitMode("subscribe", asked.visit.number + 1, begin + lease + grace - bench.Now());
  const std::string span = std::to_string(lease.count()) + " s";
  if (!next) {
    return Failed(
        "expected a renewal before the lease of " + span + " ended, got none" + bench.HowItEnded(),
        "hub.lease_seconds of the verification is not looked at, or only the lease that "
        "was asked for");
  }
  if (next->visit.at > begin + lease) {
    return Failed("expected a renewal before the lease of " + span + " ended, got it afterwards",
                  "it renews when the lease is over, or looks for leases too seldom");
  }
  if (next->topic() != asked.topic()) {
    return Failed("expected the renewal to ask for the same topic, got another");
  }
  if (renewal != nullptr) *renewal = std::move(next);
  return Passed();
}

Outcome Renews(SubscriberBench& bench) {
  const seconds lease = ShortLease(bench);
  const auto asked = bench.Subscribe(lease);
  if (!asked) return asked.error();
  return RenewsBefore(bench, *asked, lease, bench.Now());
}

Outcome RenewsAgain(SubscriberBench& bench) {
  const seconds lease = ShortLease(bench);
  const auto asked = bench.Subscribe(lease);
  if (!asked) return asked.error();
  std::optional<Asked> renewal;
  const Outcome first = RenewsBefore(bench, *asked, lease, bench.Now(), &renewal);
  if (first.verdict != Verdict::kPassed) {
    return Skipped("the first renewal did not come in time (SUB-VER-04/renewal)");
  }
  bench.Settle();
  if (!bench.Verify(*renewal, {.lease = lease}).Echoed()) {
    return Failed(
        "expected the verification of the renewal to be answered with its challenge, got "
        "something else");
  }
  return RenewsBefore(bench, *renewal, lease, bench.Now());
}

// ------------------------------------------------------------------------------------ SUB-DIS-06

Outcome JudgeGone(const hub::OutgoingResult& result) {
  if (result.status == 410) return Passed();
  if (result.fault != Fault::kNone) {
    return Unobservable("once the subscription was gone " + HowAnswered(result));
  }
  return Failed("expected 410 once the subscription is gone; " + HowAnswered(result));
}

Outcome GoneAfterDenial(SubscriberBench& bench) {
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  hub::OutgoingResult denied;
  Deny(bench, *asked, denied);
  return JudgeGone(bench.DeliverMarker(*asked, bench.Marker()));
}

Outcome GoneWhileLeaving(SubscriberBench& bench) {
  const auto asked = bench.Subscribe();
  if (!asked) return asked.error();
  if (const auto leaving = bench.Unsubscribe(asked->visit.number + 1); !leaving) {
    return leaving.error();
  }
  return JudgeGone(bench.DeliverMarker(*asked, bench.Marker()));
}

}  // namespace

std::vector<Told> LifetimeStories() {
  return {
      {"SUB-VER-03/at-once", "takes a denial in place of the verification as the end",
       DeniedAtOnce},
      {"SUB-VER-03/later", "takes a denial of an active subscription as its end", DeniedLater},
      {"SUB-VER-04/renewal", "renews before the lease ends that the hub granted", Renews},
      {"SUB-VER-04/again", "renews once more before the next lease ends", RenewsAgain},
      {"SUB-DIS-06/denied", "answers 410 once the subscription was denied", GoneAfterDenial},
      {"SUB-DIS-06/leaving", "answers 410 once it unsubscribes", GoneWhileLeaving},
  };
}

}  // namespace websub::cli::conformance
