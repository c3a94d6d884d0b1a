#include "hub/intent/verifier.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "core/verification.h"
#include "tests/support/full_disk.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

using hub::SubscriptionState;

namespace {

const std::string kTopic = "https://t.example/feed?a=1&b=%26";
const std::string kCallback = "https://s.example/cb?own=1%2B1&x";

Verification Asked(const FakeTransport::Call& call) {
  const auto query = ParseCallbackQuery(call.url().substr(call.url().find('?') + 1));
  REQUIRE(query.has_value());
  REQUIRE(std::holds_alternative<Verification>(*query));
  return std::get<Verification>(*query);
}
hub::OutgoingResult Echo(const FakeTransport::Call& call) {
  return Answer(200, Asked(call).challenge);
}

class Verifying : public HubRig {
 public:
  void Begin(Mode mode = Mode::kSubscribe, const std::string& secret = "",
             std::chrono::seconds lease = 3600s) {
    AskAndWake(mode, kTopic, kCallback, secret, lease);
    Settle();
  }
  void Deny(const hub::Subscription& subscription, const std::string& reason) {
    REQUIRE(Wait<void>([&](auto done) {
              store->EndSubscription(subscription.id, SubscriptionState::kDenied, reason,
                                     clock.Now(), done);
            }).has_value());
    verifier->Wake();
    Settle();
  }
  const FakeTransport::Call& Last() { return transport.calls.back(); }
  void EchoNext() { Reply(Echo(transport.calls[*transport.NextOpen()])); }
  void Reply(hub::OutgoingResult result) {
    transport.AnswerNext(std::move(result));
    Settle();
  }
  std::optional<hub::Subscription> InForce() { return store->FindSubscription(kTopic, kCallback); }
  std::string Outcome() { return Outcomes(ExchangeKind::kVerify).back(); }
};

}  // namespace

TEST_CASE_FIXTURE(Verifying,
                  "asks by GET and appends to the query of the callback (HUB-VER-01 HUB-REQ-09)") {
  Start();
  Begin();
  REQUIRE(transport.calls.size() == 1);
  const auto asked = Asked(Last());
  CHECK(Last().url() == kCallback +
                            "&hub.mode=subscribe&hub.topic=https%3A%2F%2Ft.example%2Ffeed%3Fa%3D1"
                            "%26b%3D%2526&hub.challenge=" +
                            asked.challenge + "&hub.lease_seconds=3600");
  CHECK(Last().RequestLine() == "GET " + Last().url().substr(17) + " HTTP/1.1");
  CHECK(Last().request.body == nullptr);
  CHECK(InForce()->state == SubscriptionState::kPending);
  EchoNext();
  CHECK(InForce()->state == SubscriptionState::kActive);
  CHECK(Outcome() == "verified: subscribed for 1h");
  CHECK(confirmed.size() == 1);
}

TEST_CASE_FIXTURE(Verifying, "each challenge is new and needs no escaping (HUB-VER-02)") {
  Start();
  std::set<std::string> challenges;
  Begin();
  for (int i = 0; i < 3; ++i) {
    const auto challenge = Asked(Last()).challenge;
    CHECK(challenge.size() >= 20);
    CHECK(std::all_of(challenge.begin(), challenge.end(), IsUnreserved));
    challenges.insert(challenge);
    Reply(Answer(500));
    while (transport.open() == 0) ToNextDue();
  }
  // The challenge of an earlier attempt does not serve for a later one.
  Reply(Answer(200, *challenges.begin()));
  CHECK(challenges.size() == 3);
  CHECK_FALSE(InForce().has_value());
}

TEST_CASE_FIXTURE(Verifying, "only 2xx with exactly the challenge verifies (HUB-VER-03)") {
  Start();
  const std::vector<std::function<hub::OutgoingResult(const std::string&)>> wrong = {
      [](const auto&) { return Answer(200); },
      [](const auto& challenge) { return Answer(200, challenge + "\n"); },
      [](const auto& challenge) { return Answer(200, " " + challenge); },
      [](const auto& challenge) { return Answer(200, "\"" + challenge + "\""); },
      [](const auto& challenge) { return Answer(200, "\xef\xbb\xbf" + challenge); },
      [](const auto& challenge) {
        return Answer(200, "{\"hub.challenge\":\"" + challenge + "\"}");
      },
      [](const auto& challenge) { return Answer(200, "<p>" + challenge + "</p>"); },
      [](const auto& challenge) { return Answer(200, challenge.substr(1)); },
      [](const auto&) { return Answer(200, "other"); },
      [](const auto& challenge) { return Answer(300, challenge); },
      [](const auto& challenge) {
        return Answer(302, challenge, {"Location: https://x.example/"});
      },
      [](const auto& challenge) {
        return Answer(308, challenge, {"Location: https://x.example/"});
      },
      [](const auto& challenge) { return Answer(400, challenge); },
      [](const auto& challenge) { return Answer(404, challenge); },
      [](const auto& challenge) { return Answer(410, challenge); }};
  for (const auto& answer : wrong) {
    Begin();
    const std::size_t sent = transport.calls.size();
    const auto subscription = InForce();
    Reply(answer(Asked(Last()).challenge));
    INFO(Outcome());
    CHECK(Now(*subscription).state == SubscriptionState::kUnverified);
    RunFor(1h);
    CHECK(transport.calls.size() == sent);  // that was an answer: it is not asked again
  }
  CHECK(confirmed.empty());
  for (const int status : {200, 202, 204, 299}) {
    Begin();
    Reply(Answer(status, Asked(Last()).challenge));
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
}

TEST_CASE_FIXTURE(Verifying, "faults and 5xx are tried again and then given up (HUB-VER-03)") {
  Start();
  const std::vector<hub::OutgoingResult> passing = {Broken(Fault::kRefused), Answer(503),
                                                    Answer(429), BrokenOff(200, "abc"),
                                                    Broken(Fault::kResponseTimeout)};
  Begin();
  const auto subscription = InForce();
  for (const auto& failure : passing) {
    Reply(failure);
    CHECK(Outcome().find(", retry in ") != std::string::npos);
    CHECK(Now(*subscription).state == SubscriptionState::kPending);
    while (transport.open() == 0) ToNextDue();
  }
  CHECK(transport.calls.size() == 6);
  SUBCASE("given up after the last") {
    Reply(Answer(500));
    CHECK(Outcome() == "not verified: answered 500; given up");
    CHECK(Now(*subscription).state == SubscriptionState::kUnverified);
    RunFor(24h);
    CHECK(transport.calls.size() == 6);
  }
  SUBCASE("or verified by the last") {
    EchoNext();
    CHECK(Now(*subscription).state == SubscriptionState::kActive);
  }
}

TEST_CASE_FIXTURE(Verifying, "a retry keeps to Retry-After") {
  Start();
  Begin();
  Reply(Answer(503, "", {"Retry-After: 30"}));
  const Time failed = clock.Now();
  while (transport.open() == 0) ToNextDue();
  CHECK(Last().at - failed == 30s);
}

TEST_CASE_FIXTURE(Verifying, "the lease that is sent is the one enforced (HUB-VER-04 HUB-VER-05)") {
  Start();
  Begin(Mode::kSubscribe, "", 77s);
  CHECK(Asked(Last()).lease == 77s);
  clock.Advance(5s);
  EchoNext();
  const auto subscription = *InForce();
  CHECK(subscription.expires_at == clock.Now() + 77s);
  RunFor(77s - 1us);
  CHECK(Now(subscription).state == SubscriptionState::kActive);
  RunFor(1us);
  CHECK(Now(subscription).state == SubscriptionState::kExpired);
}

TEST_CASE_FIXTURE(Verifying,
                  "a renewal that fails leaves secret and lease as they were (HUB-REQ-06)") {
  Start();
  Begin(Mode::kSubscribe, "old", 1000s);
  EchoNext();
  const auto before = *InForce();
  clock.Advance(10s);
  Begin(Mode::kSubscribe, "new", 2000s);
  SUBCASE("refused") {
    Reply(Answer(404));
  }
  SUBCASE("wrong echo") {
    Reply(Answer(200, "x"));
  }
  SUBCASE("never answered") {
    for (int i = 0; i < 6; ++i) {
      Reply(Broken(Fault::kRefused));
      if (i < 5) {
        while (transport.open() == 0) ToNextDue();
      }
    }
  }
  const auto after = *InForce();
  CHECK(after.id == before.id);
  CHECK(after.secret == "old");
  CHECK(after.lease == before.lease);
  CHECK(after.expires_at == before.expires_at);
  CHECK(after.state == SubscriptionState::kActive);
  CHECK(store->IntentsOf(before.id).empty());
}

TEST_CASE_FIXTURE(Verifying, "a renewal takes hold once it is verified (HUB-REQ-05 HUB-REQ-07)") {
  Start();
  Begin(Mode::kSubscribe, "old", 1000s);
  EchoNext();
  const auto before = *InForce();
  Begin(Mode::kSubscribe, "new", 2000s);
  CHECK(InForce()->secret == "old");
  EchoNext();
  CHECK(InForce()->id == before.id);
  CHECK(InForce()->secret == "new");
  CHECK(InForce()->expires_at == clock.Now() + 2000s);
}

TEST_CASE_FIXTURE(Verifying, "requests about one subscription are verified one after the other") {
  Start();
  Begin(Mode::kSubscribe, "a");
  Begin(Mode::kSubscribe, "b");
  Begin(Mode::kUnsubscribe);
  Begin(Mode::kSubscribe, "c");
  CHECK(transport.open() == 1);
  std::vector<std::string> secrets;
  while (transport.open() > 0) {
    CHECK(transport.open() == 1);
    EchoNext();
    secrets.push_back(InForce() ? InForce()->secret : "none");
  }
  CHECK(secrets == std::vector<std::string>{"a", "b", "none", "c"});
}

TEST_CASE_FIXTURE(Verifying, "the latest that is confirmed wins over one that waits for a retry") {
  Start();
  Begin(Mode::kSubscribe, "first");
  Reply(Answer(500));
  Begin(Mode::kSubscribe, "second");
  REQUIRE(transport.open() == 1);
  SUBCASE("the later is confirmed first") {
    EchoNext();
    CHECK(InForce()->secret == "second");
    RunFor(1h);
    CHECK(transport.calls.size() == 2);
  }
  SUBCASE("the later is refused and the earlier goes on") {
    Reply(Answer(404));
    CHECK(InForce()->state == SubscriptionState::kPending);
    while (transport.open() == 0) ToNextDue();
    EchoNext();
    CHECK(InForce()->secret == "first");
  }
  SUBCASE("the earlier comes due while the later is in flight") {
    RunFor(5s);
    CHECK(transport.open() == 1);
    EchoNext();
    RunFor(30min);
    CHECK(InForce()->secret == "second");
    CHECK(transport.calls.size() == 2);
  }
}

TEST_CASE_FIXTURE(Verifying, "two hundred parallel requests are all kept (HUB-REQ-05)") {
  verify.turns.max_running = 16;
  Start();
  peers = [](const auto& call) { return Echo(call); };
  for (int i = 0; i < 200; ++i) {
    const std::string callback = "https://s.example/" + std::to_string(i);
    store->AddIntent({Mode::kSubscribe, kTopic, callback, "", 3600s, clock.Now()},
                     [this](const auto& kept) {
                       CHECK(kept.has_value());
                       verifier->Wake();
                     });
  }
  RunFor(1s);
  CHECK(store->CountAll().active == 200);
  CHECK(store->CountAll().pending == 0);
  CHECK(transport.calls.size() == 200);
  CHECK(transport.most_open <= 16);
}

TEST_CASE_FIXTURE(Verifying, "an unsubscribe is verified and sends no lease (HUB-REQ-08)") {
  Start();
  Begin();
  EchoNext();
  const auto subscription = *InForce();
  Begin(Mode::kUnsubscribe);
  CHECK(Asked(Last()).mode == Mode::kUnsubscribe);
  CHECK(Last().url().find("lease") == std::string::npos);
  SUBCASE("confirmed") {
    EchoNext();
    CHECK(Now(subscription).state == SubscriptionState::kUnsubscribed);
    CHECK(Outcome() == "verified: unsubscribed");
    CHECK(confirmed.back().state == SubscriptionState::kUnsubscribed);
  }
  SUBCASE("refused") {
    Reply(Answer(404));
    CHECK(Now(subscription).state == SubscriptionState::kActive);
  }
}

TEST_CASE_FIXTURE(Verifying, "a denial tells mode and topic and reason (HUB-VAL-01 HUB-VAL-02)") {
  Start();
  const auto subscription = Subscribe(kTopic, kCallback);
  Deny(subscription, "too many & too often");
  REQUIRE(transport.calls.size() == 1);
  CHECK(Last().RequestLine().starts_with("GET /cb?own=1%2B1&x&hub.mode=denied&hub.topic="));
  const auto query = ParseCallbackQuery(Last().url().substr(Last().url().find('?') + 1));
  REQUIRE(query.has_value());
  CHECK(std::get<Denial>(*query) == Denial{kTopic, "too many & too often"});
  SUBCASE("told") {
    Reply(Answer(200));
    RunFor(1h);
    CHECK(transport.calls.size() == 1);
  }
  SUBCASE("tried again on faults and 5xx until it is told") {
    for (const auto& failure : {Broken(Fault::kRefused), Answer(503), Answer(500)}) {
      Reply(failure);
      CHECK(transport.open() == 0);
      ToNextDue();
      while (transport.open() == 0) ToNextDue();
    }
    Reply(Answer(204));
    RunFor(1h);
    CHECK(transport.calls.size() == 4);
    CHECK(Outcomes(ExchangeKind::kDeny).back() == "told that the subscription is denied");
  }
  SUBCASE("any other answer ends it") {
    Reply(Answer(404));
    RunFor(1h);
    CHECK(transport.calls.size() == 1);
  }
}

TEST_CASE_FIXTURE(Verifying, "a denial without a reason gets one") {
  Start();
  Deny(Subscribe(kTopic, kCallback), "");
  const auto query = ParseCallbackQuery(Last().url().substr(Last().url().find('?') + 1));
  REQUIRE(query.has_value());
  CHECK(std::get<Denial>(*query).reason == "denied by the hub");
}

TEST_CASE_FIXTURE(Verifying, "a denial that nobody was told yet is told after a restart") {
  Start();
  Deny(Subscribe(kTopic, kCallback), "no more");
  SUBCASE("in flight") {}
  SUBCASE("waiting for a retry") {
    Reply(Answer(503));
  }
  Restart();
  while (transport.open() == 0) ToNextDue();
  CHECK(Last().url().ends_with("hub.reason=no%20more"));
  Reply(Answer(200));
  RunFor(1h);
  CHECK(transport.open() == 0);
  CHECK(Outcomes(ExchangeKind::kDeny).back() == "told that the subscription is denied");
}

TEST_CASE_FIXTURE(Verifying, "who subscribes again is not told of the denial before") {
  Start();
  Deny(Subscribe(kTopic, kCallback), "no more");
  Reply(Answer(503));
  Begin();
  while (Last().url().find("hub.mode=denied") != std::string::npos) ToNextDue();
  EchoNext();
  const auto calls = transport.calls.size();
  RunFor(30min);
  CHECK(InForce()->state == SubscriptionState::kActive);
  CHECK(transport.calls.size() == calls);
}

TEST_CASE_FIXTURE(Verifying, "who waits for the verification is told how it ended") {
  verify.max_sync = verify.timeout / 2;
  Start();
  std::optional<Result<void>> told;
  const auto intent = Ask(Mode::kSubscribe, kTopic, kCallback);
  REQUIRE(intent.has_value());
  verifier->AddSync(*intent, [&](const Result<void>& verdict) { told = verdict; });
  Settle();
  CHECK_FALSE(told.has_value());
  SUBCASE("verified") {
    EchoNext();
    REQUIRE(told.has_value());
    CHECK(told->has_value());
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
  SUBCASE("refused") {
    Reply(Answer(404));
    REQUIRE(told.has_value());
    CHECK(told->error().code == ErrorCode::kConflict);
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("a fault is not tried again") {
    Reply(Broken(Fault::kRefused));
    REQUIRE(told.has_value());
    CHECK(told->error().code == ErrorCode::kConflict);
    RunFor(1h);
    CHECK(transport.calls.size() == 1);
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("not in time") {
    RunFor(verify.max_sync);
    REQUIRE(told.has_value());
    CHECK(told->error().code == ErrorCode::kUnavailable);
    EchoNext();
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
}

TEST_CASE_FIXTURE(Verifying, "what is said to a request decides about it (HUB-VAL-01)") {
  Start();
  using Kind = hub::Judgement::Kind;
  std::vector<std::pair<hub::IntentStage, Kind>> said;
  Kind at_validation = Kind::kAccept;
  Kind at_verified = Kind::kAccept;
  verifier->judge = [&](hub::IntentStage stage, const hub::Intent& intent,
                        const std::function<void(hub::Judgement)>& done) {
    CHECK(intent.topic == kTopic);
    const Kind kind = stage == hub::IntentStage::kValidation ? at_validation : at_verified;
    said.emplace_back(stage, kind);
    queue.Post([=] { done({kind, "not you"}); });
  };
  SUBCASE("accepted twice") {
    Begin();
    EchoNext();
    CHECK(said.size() == 2);
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
  SUBCASE("denied before the callback is asked") {
    at_validation = Kind::kDeny;
    Begin();
    CHECK(Last().url().find("hub.mode=denied") != std::string::npos);
    CHECK(Last().url().ends_with("hub.reason=not%20you"));
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("denied once the callback has confirmed") {
    at_verified = Kind::kDeny;
    Begin();
    EchoNext();
    CHECK(Last().url().ends_with("hub.reason=not%20you"));
    CHECK_FALSE(InForce().has_value());
  }
  SUBCASE("a renewal that is denied leaves the subscription as it was (HUB-REQ-06)") {
    const auto subscription = Subscribe(kTopic, kCallback, "first");
    at_validation = Kind::kDeny;
    Begin(Mode::kSubscribe, "second");
    CHECK(transport.calls.empty());
    CHECK(Now(subscription).state == SubscriptionState::kActive);
    CHECK(Now(subscription).secret == "first");
  }
  SUBCASE("where nobody could say it is tried again") {
    at_validation = Kind::kFault;
    Begin();
    CHECK(transport.calls.empty());
    CHECK(InForce()->state == SubscriptionState::kPending);
    at_validation = Kind::kAccept;
    while (transport.open() == 0) ToNextDue();
    EchoNext();
    CHECK(InForce()->state == SubscriptionState::kActive);
  }
}

TEST_CASE_FIXTURE(Verifying, "denials keep to the limit in flight") {
  verify.turns.max_running = 3;
  Start();
  for (int i = 0; i < 10; ++i) Deny(Subscribe(kTopic, kCallback + "&" + std::to_string(i)), "");
  CHECK(transport.open() == 3);
  while (transport.open() > 0) Reply(Answer(200));
  CHECK(transport.calls.size() == 10);
  CHECK(transport.most_open == 3);
}

TEST_CASE_FIXTURE(Verifying, "verifications that were pending go on after a restart") {
  Start();
  Begin(Mode::kSubscribe, "a");
  AskAndWake(Mode::kSubscribe, kTopic, "https://other.example/");
  Settle();
  Reply(Answer(500));  // the first waits for a retry, the second is in flight
  Restart();
  peers = [](const auto& call) { return Echo(call); };
  RunFor(1min);
  CHECK(store->CountAll().active == 2);
  CHECK(transport.calls.size() == 4);
}

TEST_CASE_FIXTURE(Verifying, "what was in flight at the stop is asked again after it") {
  Start();
  Begin();
  Stop();
  CHECK(Outcome() == "the hub stopped; it is verified when the hub runs again");
  Restart();
  REQUIRE(transport.open() == 1);
  EchoNext();
  CHECK(InForce()->state == SubscriptionState::kActive);
}

TEST_CASE_FIXTURE(Verifying, "while the store takes no writes nothing is asked over and over") {
  Start();
  Begin();
  {
    const FullDisk full;
    peers = [](const auto& call) { return Echo(call); };
    RunFor(60s);
    CHECK(transport.calls.size() <= 13);
    CHECK(InForce()->state == SubscriptionState::kPending);
  }
  RunFor(10s);
  CHECK(InForce()->state == SubscriptionState::kActive);
}

TEST_CASE_FIXTURE(Verifying, "many requests about a silent callback do not hold up others") {
  verify.turns.max_running = 8;
  verify.turns.pace.first = 5;
  Start();
  SUBCASE("about one subscription") {
    for (int i = 0; i < 100; ++i) {
      REQUIRE(Ask(Mode::kSubscribe, kTopic, "https://silent.example/").has_value());
    }
  }
  SUBCASE("of one origin") {
    for (int i = 0; i < 100; ++i) {
      REQUIRE(
          Ask(Mode::kSubscribe, kTopic, "https://silent.example/" + std::to_string(i)).has_value());
    }
  }
  Begin();
  peers = [](const auto& call) -> std::optional<hub::OutgoingResult> {
    if (call.url().starts_with("https://silent")) return std::nullopt;
    return Echo(call);
  };
  RunFor(5s);  // less than the timeout
  CHECK(InForce()->state == SubscriptionState::kActive);
}

}  // namespace websub::tests
