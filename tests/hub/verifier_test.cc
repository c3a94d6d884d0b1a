#include "hub/intent/verifier.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "tests/support/full_disk.h"
#include "tests/support/verifying.h"

namespace websub::tests {

using hub::SubscriptionState;

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

TEST_CASE_FIXTURE(Verifying, "what is published once the callback was asked is delivered") {
  Start();
  PublishAndWake(kTopic, "before");
  Begin();
  PublishAndWake(kTopic, "meanwhile");
  EchoNext();
  REQUIRE(transport.NextOpen());
  CHECK(transport.calls[*transport.NextOpen()].body() == "meanwhile");
  Reply(Answer(204));
  CHECK_FALSE(transport.NextOpen());
}

TEST_CASE_FIXTURE(Verifying,
                  "the first that is published while its callback is asked is delivered") {
  Start();
  Begin();
  PublishAndWake(kTopic, "first");
  EchoNext();
  REQUIRE(transport.NextOpen());
  CHECK(transport.calls[*transport.NextOpen()].body() == "first");
  Reply(Answer(204));
  CHECK_FALSE(transport.NextOpen());
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

}  // namespace websub::tests
