// Subscription requests that the hub has to take, and how it answers them.
#include "cli/conformance/hub_cases.h"
#include "core/signature.h"

namespace websub::cli::conformance {
namespace {

Outcome Answered202(const hub::OutgoingResult& answer) {
  if (answer.status == 202) return Passed();
  return Failed("expected 202 to a request to subscribe, the hub " + Said(answer),
                answer.Ok2xx() ? "the hub answers with the framework's default status, although "
                                 "the subscription still has to be verified"
                               : "");
}

Outcome Subscribes(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  return Answered202(hub.Ask({.topic = topic.url(), .callback = callback.url()}));
}

Outcome SubscribesWithCharset(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  hub.Request({.topic = topic.url(), .callback = hub.MakeCallback().url()});
  const auto answer =
      hub.Post("subscriber", "subscribe",
               EncodeForm(FormOf({.topic = topic.url(), .callback = callback.url()})),
               {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}});
  if (answer.Ok2xx() || IsRedirect(answer.status)) return Passed();
  return Failed(
      "expected 202 where the form's type has a charset parameter, the hub " + Said(answer),
      "the hub compares the whole Content-Type field with the bare name of the type");
}

Outcome SubscribesInAnyOrder(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  hub.Request({.topic = topic.url(), .callback = hub.MakeCallback().url()});
  const auto answer = hub.Ask(
      "subscribe",
      {{"hub.topic", topic.url()}, {"hub.callback", callback.url()}, {"hub.mode", "subscribe"}});
  if (answer.Ok2xx()) return Passed();
  return Failed("expected 202 where hub.mode comes last, the hub " + Said(answer));
}

// A request that the plain one differs from in `more` alone is taken, and verified.
Outcome TakenLikeThePlainOne(HubBench& hub, const Wish& with, const std::string& what) {
  const HubTopic topic = hub.NamedTopic();
  hub.Request({.topic = topic.url(), .callback = hub.MakeCallback().url()});
  const Callback callback = hub.MakeCallback();
  Wish wish = with;
  wish.topic = topic.url();
  wish.callback = callback.url();
  const auto answer = hub.Ask(wish);
  if (!answer.Ok2xx()) return Failed("expected 202 to " + what + ", the hub " + Said(answer));
  const auto visit =
      callback.place().Await([](const Visit& one) { return IsVerification(one, "subscribe"); });
  if (visit) return Passed();
  hub.Subscribed(topic);  // where the plain one is not verified either, that is another case's
  return Failed("expected " + what + " to be verified, no verification came");
}

// Whether the digest is one of these bytes with that secret, however the header is written.
bool SignedWith(const Visit& delivery, const std::string& secret) {
  const std::string header = delivery.Field("X-Hub-Signature");
  return CheckSignature(header, secret, delivery.request.body).verdict == SignatureVerdict::kValid;
}

Outcome SecretOfAllCharacters(HubBench& hub) {
  const std::string secret = "a b+c%26d&e=f\"g';,\xC3\xA9\xE2\x82\xAC/?#";
  const HubTopic topic = hub.Topic();
  const std::string plain = "plain0123";
  const Callback control = hub.Subscribed(topic, plain);
  const Callback callback = hub.MakeCallback();
  const auto answer = hub.Ask({.topic = topic.url(), .callback = callback.url(), .secret = secret});
  if (!answer.Ok2xx()) {
    return Failed("expected a secret with reserved characters to be taken, the hub " +
                  Said(answer));
  }
  hub.Verification(callback);
  hub.Settle();
  const Content content = hub.Text();
  hub.Publish(topic, content);
  if (!SignedWith(hub.Delivery(control, content), plain)) {
    return Skipped("a plain secret does not lead to a valid signature either (HUB-SIG-01)");
  }
  if (SignedWith(hub.Delivery(callback, content), secret)) return Passed();
  return Failed(
      "expected the key of the signature to be the bytes of hub.secret as they were sent, the "
      "signature is of another key",
      "the hub decodes the secret twice, trims it, or stores it in another charset");
}

Outcome SecretLength(HubBench& hub, const std::string& secret, bool fits) {
  const HubTopic topic = hub.NamedTopic();
  const auto plain =
      hub.Ask({.topic = topic.url(), .callback = hub.MakeCallback().url(), .secret = "short"});
  if (!plain.Ok2xx()) {
    return Skipped("the hub " + Said(plain) + " to a request with a short secret (HUB-REQ-02)");
  }
  const auto answer =
      hub.Ask({.topic = topic.url(), .callback = hub.MakeCallback().url(), .secret = secret});
  const std::string size = std::to_string(secret.size()) + " bytes";
  if (fits) {
    if (answer.Ok2xx()) return Passed();
    return Failed("expected a secret of " + size + " to be taken, the hub " + Said(answer),
                  "the limit is counted on the percent-encoded value, or is one too low");
  }
  if (answer.status >= 400) return Passed();
  return Failed("expected 4xx to a secret of " + size + ", the hub " + Said(answer),
                "the hub has no limit, or counts characters and not bytes");
}

Outcome AnswersBeforeVerification(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const Callback callback = hub.MakeCallback();
  const Duration stall = hub.scene().patience() / 2;
  callback.Verify([stall](const Visit& visit) {
    Reply reply = Echo(visit);
    reply.delay = stall;
    return reply;
  });
  const Form form = FormOf({.topic = topic.url(), .callback = callback.url()});
  const auto answer = hub.Ask("subscribe", form);
  if (!answer.Ok2xx() && answer.status != 0) {
    hub.Subscribed(topic);  // which is taken where only the stalling one is not
    return Failed("expected 202 while the callback keeps the verification waiting, the hub " +
                  Said(answer));
  }
  if (answer.status != 0 && answer.timings.total < stall) return Passed();
  return Failed("expected an answer while the callback keeps the verification waiting, the hub " +
                    (answer.status != 0 ? "answered only after it" : Said(answer)),
                "the hub verifies within the request, and answers when it is done");
}

Outcome AnswersWhateverIsVerified(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  hub.Request({.topic = topic.url(), .callback = hub.MakeCallback().url()});
  const Callback callback = hub.MakeCallback();
  callback.Verify(Refuse);
  const auto answer = hub.Ask({.topic = topic.url(), .callback = callback.url()});
  if (answer.Ok2xx()) return Passed();
  return Failed("expected 202 although the callback will refuse, the hub " + Said(answer),
                "the hub verifies within the request, and answers with the result");
}

Outcome Redirects(HubBench& hub) {
  const HubTopic topic = hub.NamedTopic();
  const auto answer =
      hub.Post("subscriber", "subscribe",
               EncodeForm(FormOf({.topic = topic.url(), .callback = hub.MakeCallback().url()})));
  if (!IsRedirect(answer.status)) {
    return Unobservable("this hub answers by itself: there is no redirect to look at");
  }
  if (answer.status != 307 && answer.status != 308) {
    return Failed("expected a redirect to another hub as 307 or 308, the hub " + Said(answer));
  }
  const auto next =
      ResolveReference(hub.target().url, FirstField(HeadFields(answer.head), "Location"));
  if (next) return Passed();
  return Failed("expected a Location beside the redirect: " + next.error().message);
}

// A topic that has gone: some hubs look at it before they verify, and deny.
// A topic to which nobody should get a subscription: the one of --denied-topic, or one that has
// gone.
std::string TopicToDeny(HubBench& hub) {
  if (const auto& named = hub.target().denied_topic) return *named;
  hub.NeedsPings(
      "without --denied-topic a denial can only be brought about by a topic that has gone");
  const HubTopic gone = hub.Topic("/gone");
  const std::scoped_lock lock(gone.state().mutex);
  gone.state().status = 410;
  gone.state().content.body = "gone";
  return gone.url();
}

Outcome Denies(HubBench& hub) {
  const std::string topic = TopicToDeny(hub);
  const Callback callback = hub.MakeCallback();
  const auto answer = hub.Ask({.topic = topic, .callback = callback.url()});
  if (!answer.Ok2xx()) {
    return Unobservable("the hub " + Said(answer) + " to the request: there is nothing to deny");
  }
  hub.Subscribed(hub.NamedTopic());  // a sound one is verified meanwhile
  const auto asked =
      callback.place().Await([](const Visit& visit) { return visit.request.method == "GET"; });
  if (!asked) {
    return FailedBy(FindingCode::kSubscriptionDeniedSilently,
                    "expected verification or hub.mode=denied after 202, neither came");
  }
  const std::string mode = asked->Parameter("hub.mode").value_or("");
  if (mode == "subscribe") {
    return Unobservable(hub.target().denied_topic
                            ? "the hub does not deny --denied-topic, it verifies it"
                            : "the hub verifies also where the topic has gone, and nothing else "
                              "makes it deny: --denied-topic names one that it denies");
  }
  if (mode != "denied") {
    return Failed("expected a denial to say hub.mode=denied, it says " + mode,
                  "the word is taken from another draft of the specification");
  }
  if (asked->Parameter("hub.topic") == topic) return Passed();
  return Failed("expected a denial to carry the hub.topic that was asked for, it carries " +
                asked->Parameter("hub.topic").value_or("none"));
}

}  // namespace

void AddRequestCases(CaseList& cases) {
  cases.Add("HUB-REQ-01/subscribe", "a request to subscribe is answered 202", Subscribes);
  cases.Add("HUB-REQ-01/charset", "the form's type may carry a charset parameter",
            SubscribesWithCharset);
  cases.Add("HUB-REQ-01/order", "the parameters may come in any order", SubscribesInAnyOrder);
  cases.Add("HUB-REQ-02/taken", "a request with hub.secret is taken and verified",
            [](HubBench& hub) {
              return TakenLikeThePlainOne(hub, {.topic = {}, .callback = {}, .secret = "short"},
                                          "a request with hub.secret");
            });
  cases.Add("HUB-REQ-02/characters", "a secret may hold any character", SecretOfAllCharacters);
  cases.Add("HUB-REQ-03/199", "a secret of 199 bytes is taken",
            [](HubBench& hub) { return SecretLength(hub, std::string(199, 's'), true); });
  cases.Add("HUB-REQ-03/200", "a secret of 200 bytes is refused",
            [](HubBench& hub) { return SecretLength(hub, std::string(200, 's'), false); });
  cases.Add("HUB-REQ-03/multibyte-199",
            "199 bytes of UTF-8 are taken, whatever their encoding takes", [](HubBench& hub) {
              std::string secret = "s";
              for (int i = 0; i < 99; ++i) secret += "\xC3\xA9";
              return SecretLength(hub, secret, true);
            });
  cases.Add("HUB-REQ-03/multibyte-200", "200 bytes are refused where they are 100 characters",
            [](HubBench& hub) {
              std::string secret;
              for (int i = 0; i < 100; ++i) secret += "\xC3\xA9";
              return SecretLength(hub, secret, false);
            });
  cases.Add("HUB-REQ-04/foreign", "an unknown parameter is ignored", [](HubBench& hub) {
    return TakenLikeThePlainOne(
        hub, {.topic = {}, .callback = {}, .more = {{"colour", "blue"}, {"x[]", ""}}},
        "a request with parameters of somebody else's");
  });
  cases.Add("HUB-REQ-04/hub-prefix", "an unknown parameter that begins with hub. is ignored",
            [](HubBench& hub) {
              return TakenLikeThePlainOne(
                  hub, {.topic = {}, .callback = {}, .more = {{"hub.colour", "blue"}}},
                  "a request with an unknown hub. parameter");
            });
  cases.Add("HUB-REQ-13/stalling", "the answer does not wait for the verification",
            AnswersBeforeVerification);
  cases.Add("HUB-REQ-13/refusing", "the answer does not depend on the verification",
            AnswersWhateverIsVerified);
  cases.Add("HUB-REQ-14", "a redirect to another hub is 307 or 308 with a Location", Redirects);
  cases.Add("HUB-VAL-01", "a subscription that will not be is denied to the callback", Denies);
  cases.Add("HUB-VAL-02", "an accepted subscription may be denied later", [](HubBench&) {
    return Unobservable(
        "nothing that a subscriber or publisher does makes a hub end a subscription");
  });
}

}  // namespace websub::cli::conformance
