// A request about a subscription that is active already.
#include "cli/conformance/hub_cases.h"
#include "core/signature.h"

namespace websub::cli::conformance {
namespace {

constexpr std::string_view kOldSecret = "the-old-secret";
constexpr std::string_view kNewSecret = "the-new-secret";

// Which of the secrets a delivery was signed with.
enum class Signed { kNot, kOld, kNew, kOther };

Signed SignedBy(const Visit& delivery) {
  const std::string header = delivery.Field("X-Hub-Signature");
  if (header.empty()) return Signed::kNot;
  const auto fits = [&](std::string_view secret) {
    return CheckSignature(header, secret, delivery.request.body).verdict ==
           SignatureVerdict::kValid;
  };
  return fits(kOldSecret) ? Signed::kOld : fits(kNewSecret) ? Signed::kNew : Signed::kOther;
}

std::string Name(Signed how) {
  switch (how) {
    case Signed::kNot:
      return "is not signed";
    case Signed::kOld:
      return "is signed with the old secret";
    case Signed::kNew:
      return "is signed with the new secret";
    case Signed::kOther:
      break;
  }
  return "is signed with neither secret";
}

// Publishes; the control, which never renewed, shows that deliveries come at all and are signed as
// they should be.
struct Both {
  HubTopic topic;
  Callback control;
  Callback callback;
};

Both Active(HubBench& hub, std::optional<std::string> secret = std::string(kOldSecret)) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic, std::string(kOldSecret));
  Callback callback = hub.Subscribed(topic, secret);
  return {topic, control, std::move(callback)};
}

// The next delivery is signed as expected.
Outcome NextIs(HubBench& hub, const Both& both, Signed expected, const std::string& when) {
  const auto [control, delivery] = hub.Reach(both.topic, both.control, both.callback);
  if (SignedBy(control) != Signed::kOld) {
    return Skipped("a subscription that was never renewed is not signed rightly (HUB-SIG-01)");
  }

  if (!delivery) {
    return Failed("expected deliveries to go on " + when + ", none came",
                  "the hub removes or suspends the earlier subscription when it is asked again");
  }
  const Signed got = SignedBy(*delivery);
  if (got == expected) return Passed();
  return Failed("expected a delivery that " + Name(expected) + " " + when + ", it " + Name(got));
}

Wish Renewal(const Both& both, std::optional<std::string> secret) {
  return {.topic = both.topic.url(), .callback = both.callback.url(), .secret = std::move(secret)};
}

Outcome TakenAgain(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.Subscribed(topic);
  const std::size_t from = callback.Count();
  const auto answer = hub.Ask({.topic = topic.url(), .callback = callback.url()});
  if (!answer.Ok2xx()) {
    return Failed(
        "expected a request for an active subscription to be taken, the hub " + Said(answer),
        "the hub takes a second request for a mistake, so nobody can renew");
  }
  const auto asked = callback.place().Await(
      [](const Visit& one) { return IsVerification(one, "subscribe"); }, from);
  if (asked) return Passed();
  return Failed(
      "expected a request for an active subscription to be verified, no verification came",
      "the hub takes a second request for done already, so leases cannot be renewed");
}

Outcome OnceOnly(HubBench& hub) {
  const Both both = Active(hub);
  hub.Subscribe(both.callback, Renewal(both, std::string(kOldSecret)));
  const Content content = hub.Text();
  hub.Publish(both.topic, content);
  hub.Delivery(both.callback, content);
  hub.Delivery(both.control, content);
  hub.scene().Wait(hub.scene().silence());
  const std::size_t control = hub.Deliveries(both.control, content);
  const std::size_t got = hub.Deliveries(both.callback, content);
  if (control != 1) return Skipped("a subscription made once gets updates twice (HUB-DUR-02)");
  if (got == 1) return Passed();
  return FailedBy(FindingCode::kDeliveryDuplicate,
                  "expected one delivery after a renewal, got " + std::to_string(got));
}

Outcome OldUntilVerified(HubBench& hub) {
  const Both both = Active(hub);
  both.callback.Verify(Stall);
  const std::size_t from = both.callback.Count();
  hub.Request(Renewal(both, std::string(kNewSecret)));
  hub.Verification(both.callback, "subscribe", from);
  return NextIs(hub, both, Signed::kOld, "while its renewal waits for the verification");
}

Outcome OldAfterFailure(HubBench& hub, Answer answer) {
  const Both both = Active(hub);
  both.callback.Verify(std::move(answer));
  hub.Subscribe(both.callback, Renewal(both, std::string(kNewSecret)));
  return NextIs(hub, both, Signed::kOld, "after a renewal that was not verified");
}

// A short lease that was not verified ends nothing.
Outcome OldLeaseAfterFailure(HubBench& hub) {
  const Both both = Active(hub);
  both.callback.Verify(Refuse);
  Wish wish = Renewal(both, std::string(kOldSecret));
  wish.lease = "1";
  const Visit asked = hub.Subscribe(both.callback, std::move(wish));
  if (asked.Parameter("hub.lease_seconds") != "1") {
    return Unobservable("the hub grants no lease so short that its end could be waited for");
  }
  hub.scene().Wait(std::chrono::seconds(1) + hub.scene().silence());
  return NextIs(hub, both, Signed::kOld, "after a renewal with a short lease was not verified");
}

Outcome LeaseIsRenewed(HubBench& hub) {
  const HubTopic topic = hub.Topic();
  const Callback control = hub.Subscribed(topic);
  const Callback callback = hub.MakeCallback();
  const Visit first = hub.Subscribe(callback, {.topic = topic.url(), .callback = {}, .lease = "2"});
  if (first.Parameter("hub.lease_seconds") != "2") {
    return Unobservable("the hub grants no lease so short that its end could be waited for");
  }
  hub.Subscribe(callback, {.topic = topic.url(), .callback = {}, .lease = "3600"});
  hub.scene().Wait(std::chrono::seconds(2) + hub.scene().silence());
  if (hub.Reach(topic, control, callback).callback) return Passed();
  return Failed(
      "expected the lease of the renewal to stand for the old one, deliveries ended with "
      "the old one",
      "the hub keeps the time of the first lease, or lets its timer end the new one");
}

Outcome Follows(HubBench& hub, std::optional<std::string> before, std::optional<std::string> after,
                Signed expected) {
  const Both both = Active(hub, std::move(before));
  hub.Subscribe(both.callback, Renewal(both, std::move(after)));
  return NextIs(hub, both, expected, "after the renewal");
}

}  // namespace

void AddRenewalCases(CaseList& cases) {
  cases.Add("HUB-REQ-05/again", "an active subscription can be asked for again, and is verified",
            TakenAgain);
  cases.Add("HUB-REQ-05/once", "after a renewal there is still one subscription", OnceOnly);
  cases.Add("HUB-REQ-05/until-verified",
            "the earlier subscription stands until the renewal is verified", OldUntilVerified);
  cases.Add("HUB-REQ-05/lease", "a verified renewal brings its own lease", LeaseIsRenewed);
  cases.Add("HUB-REQ-06/refused", "a refused renewal leaves the subscription and its secret",
            [](HubBench& hub) { return OldAfterFailure(hub, Refuse); });
  cases.Add(
      "HUB-REQ-06/wrong-echo",
      "a renewal with a wrong challenge leaves the subscription and its secret",
      [](HubBench& hub) { return OldAfterFailure(hub, AnswerStatus(200, "something else")); });
  cases.Add("HUB-REQ-06/lease", "a refused renewal leaves the lease", OldLeaseAfterFailure);
  cases.Add("HUB-REQ-07/new-secret", "a renewal may change the secret", [](HubBench& hub) {
    return Follows(hub, std::string(kOldSecret), std::string(kNewSecret), Signed::kNew);
  });
  cases.Add("HUB-REQ-07/no-secret", "a renewal may drop the secret", [](HubBench& hub) {
    return Follows(hub, std::string(kOldSecret), std::nullopt, Signed::kNot);
  });
  cases.Add("HUB-REQ-07/first-secret", "a renewal may bring the first secret", [](HubBench& hub) {
    return Follows(hub, std::nullopt, std::string(kNewSecret), Signed::kNew);
  });
}

}  // namespace websub::cli::conformance
