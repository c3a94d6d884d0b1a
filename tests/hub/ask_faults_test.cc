// Verifications and fetches: each outcome and each limit, on both of its sides. Delivery's are in
// deliverer_faults_test.cc.
#include <doctest/doctest.h>

#include "core/verification.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

using hub::SubscriptionState;

namespace {

const std::string kTopic = "https://t.example/feed";
const std::string kCallback = "https://s.example/cb";

constexpr Fault kFaults[] = {Fault::kBadUrl,       Fault::kForbiddenAddress, Fault::kDns,
                             Fault::kRefused,      Fault::kUnreachable,      Fault::kConnectTimeout,
                             Fault::kTls,          Fault::kTlsTimeout,       Fault::kReset,
                             Fault::kWriteTimeout, Fault::kResponseTimeout,  Fault::kBadResponse};

std::string Challenge(const FakeTransport::Call& call) {
  const auto query = ParseCallbackQuery(call.url().substr(call.url().find('?') + 1));
  REQUIRE(query.has_value());
  return std::get<Verification>(*query).challenge;
}

class Asking : public HubRig {
 public:
  Asking() {
    verify.retry = {.retries = 2, .base = 10s, .max = 1min, .give_up_after = 10min};
    fetch.retry = {.retries = 2, .base = 10s, .max = 1min, .give_up_after = 10min};
  }
  // What was asked is answered so; then everything settles.
  void Reply(hub::OutgoingResult result) {
    transport.AnswerNext(std::move(result));
    Settle();
  }
  // Whether another attempt begins, and then how long after the answer.
  std::optional<Duration> Wait(hub::OutgoingResult result) {
    const Time answered = clock.Now();
    Reply(std::move(result));
    while (transport.open() == 0) {
      if (next_due() == Time::max() || next_due() - answered > 1h) return std::nullopt;
      ToNextDue();
    }
    return clock.Now() - answered;
  }
  const FakeTransport::Call& Last() const { return transport.calls.back(); }
};

// A request of a subscriber, about a topic of its own each time.
class Verifications : public Asking {
 public:
  hub::Subscription Begin(const std::string& callback = kCallback) {
    const std::string topic = kTopic + std::to_string(++begun_);
    AskAndWake(Mode::kSubscribe, topic, callback);
    Settle();
    return *store->FindSubscription(topic, callback);
  }
  std::string Outcome() const { return Outcomes(ExchangeKind::kVerify).back(); }

 private:
  int begun_ = 0;
};

class Fetches : public Asking {
 public:
  void Begin(const std::string& topic) {
    Ping(topic);
    Settle();
  }
  std::string Outcome() const { return Outcomes(ExchangeKind::kFetch).back(); }
  std::int64_t Waiting() { return store->CountAll().waiting_fetches; }
};

}  // namespace

TEST_CASE_FIXTURE(Verifications, "each fault of a verification is told apart and tried again") {
  Start();
  for (const Fault fault : kFaults) {
    CAPTURE(Name(fault));
    if (fault == Fault::kForbiddenAddress) continue;  // below
    const auto subscription = Begin();
    Reply(Broken(fault, "a sentence about it"));
    CHECK(exchanges.back().fault == fault);
    CHECK(exchanges.back().status == 0);
    CHECK(Outcome() == "a sentence about it, retry in 10s");
    CHECK(Now(subscription).state == SubscriptionState::kPending);
    REQUIRE(store->IntentsOf(subscription.id).size() == 1);
    CHECK(store->IntentsOf(subscription.id)[0].attempts == 1);
  }
}

TEST_CASE_FIXTURE(Verifications, "a callback that the policy forbids is not asked again") {
  Start();
  const auto subscription = Begin();
  Reply(Broken(Fault::kForbiddenAddress, "s.example leads to 10.0.0.1"));
  CHECK(exchanges.back().fault == Fault::kForbiddenAddress);
  CHECK(Outcome() == "not verified: s.example leads to 10.0.0.1");
  CHECK(Now(subscription).state == SubscriptionState::kUnverified);
  CHECK(store->IntentsOf(subscription.id).empty());
}

TEST_CASE_FIXTURE(Verifications, "5xx and 429 are tried again and any other refusal is the end") {
  Start();
  for (const int status : {500, 501, 502, 503, 504, 599, 429}) {
    CAPTURE(status);
    const auto subscription = Begin();
    Reply(Answer(status, Challenge(Last())));
    CHECK(Outcome() == "answered " + std::to_string(status) + ", retry in 10s");
    CHECK(Now(subscription).state == SubscriptionState::kPending);
  }
  for (const int status : {199, 300, 301, 304, 307, 400, 401, 403, 404, 408, 410, 428, 430, 499}) {
    CAPTURE(status);
    const auto subscription = Begin();
    Reply(Answer(status, Challenge(Last())));
    CHECK(Now(subscription).state == SubscriptionState::kUnverified);
    CHECK(store->IntentsOf(subscription.id).empty());
  }
}

TEST_CASE_FIXTURE(Verifications, "an echo counts only whole") {
  Start();
  auto subscription = Begin();
  SUBCASE("cut at the limit of what is read") {
    auto answer = Answer(200, Challenge(Last()) + std::string(16 * 1024, ' '));
    answer.body_cut = true;
    Reply(std::move(answer));
    CHECK(Now(subscription).state == SubscriptionState::kUnverified);
  }
  SUBCASE("broken off where it looks whole") {
    Reply(BrokenOff(200, Challenge(Last())));
    CHECK(Now(subscription).state == SubscriptionState::kPending);
    CHECK(exchanges.back().fault == Fault::kReset);
  }
  SUBCASE("the challenge of another") {
    const std::string other = Challenge(Last());
    Reply(Answer(200, other));
    REQUIRE(Now(subscription).state == SubscriptionState::kActive);
    subscription = Begin();
    Reply(Answer(200, other));
    CHECK(Now(subscription).state == SubscriptionState::kUnverified);
  }
}

TEST_CASE("Retry-After delays a verification up to the longest wait") {
  const std::pair<std::string, Duration> rows[] = {
      {"9", 10s},
      {"11", 11s},
      {"60", 1min},
      {"61", 1min},
      {"0", 10s},
      {"-1", 10s},
      {"soon", 10s},
      {"Fri, 02 Jan 2026 03:04:35 GMT", 30s},
      {"Fri, 02 Jan 2026 03:04:00 GMT", 10s},
  };
  for (const int status : {429, 503, 500}) {
    for (const auto& [value, wait] : rows) {
      CAPTURE(status);
      CAPTURE(value);
      Verifications rig;
      rig.Start();
      rig.Begin();
      CHECK(rig.Wait(Answer(status, "", {"Retry-After: " + value})) ==
            (status == 500 ? 10s : wait));
    }
  }
}

TEST_CASE("the last retry of a verification counts and one failure more is the end") {
  for (const int failures : {2, 3}) {
    CAPTURE(failures);
    Verifications rig;
    rig.Start();
    const auto subscription = rig.Begin();
    for (int i = 1; i <= failures; ++i) {
      REQUIRE(rig.transport.open() == 1);
      CHECK(rig.Wait(Answer(500)).has_value() == (i <= 2));
    }
    if (failures == 3) {
      CHECK(rig.Now(subscription).state == SubscriptionState::kUnverified);
      CHECK(rig.Outcome() == "not verified: answered 500; given up");
      continue;
    }
    rig.Reply(Answer(200, Challenge(rig.Last())));
    CHECK(rig.Now(subscription).state == SubscriptionState::kActive);
  }
}

TEST_CASE("a verification is given up once its request is too old") {
  for (const bool enough : {true, false}) {
    Verifications rig;
    rig.verify.retry.give_up_after = enough ? 15s : 15s - 1us;
    rig.Start();
    const auto subscription = rig.Begin();
    rig.clock.Advance(5s);  // the answer takes its time
    CHECK(rig.Wait(Answer(500)).has_value() == enough);
    CHECK(rig.Now(subscription).state ==
          (enough ? SubscriptionState::kPending : SubscriptionState::kUnverified));
  }
}

TEST_CASE("verifications in flight are as many as the limits and one more waits") {
  for (const int requests : {3, 4}) {
    for (const bool one_origin : {true, false}) {
      CAPTURE(requests);
      CAPTURE(one_origin);
      Verifications rig;
      if (one_origin) {
        rig.verify.turns.pace = {.fewest = 3, .first = 3, .most = 3};
      } else {
        rig.verify.turns.max_running = 3;
      }
      rig.Start();
      for (int i = 0; i < requests; ++i) {
        rig.Begin(one_origin ? kCallback : "https://s" + std::to_string(i) + ".example/");
      }
      CHECK(rig.transport.open() == 3);
      rig.Reply(Answer(404));
      CHECK(rig.transport.open() == (requests == 3 ? 2 : 3));
      while (rig.transport.open() > 0) rig.Reply(Answer(404));
      CHECK(rig.transport.calls.size() == static_cast<std::size_t>(requests));
      CHECK(rig.transport.most_open == 3);
    }
  }
}

TEST_CASE_FIXTURE(Fetches, "each fault of a fetch is told apart and tried again") {
  Start();
  for (const Fault fault : kFaults) {
    CAPTURE(Name(fault));
    if (fault == Fault::kForbiddenAddress) continue;  // below
    const auto waiting = Waiting();
    Begin("https://t.example/" + std::string(Name(fault)));
    Reply(Broken(fault, "a sentence about it"));
    CHECK(exchanges.back().fault == fault);
    CHECK(Outcome() == "a sentence about it, retry in 10s");
    CHECK(Waiting() == waiting + 1);
  }
  CHECK(messages.empty());
}

TEST_CASE_FIXTURE(Fetches, "a topic that the policy forbids is not fetched again") {
  Start();
  Begin("https://t.example/");
  Reply(Broken(Fault::kForbiddenAddress, "t.example leads to 10.0.0.1"));
  CHECK(exchanges.back().fault == Fault::kForbiddenAddress);
  CHECK(Outcome() == "given up: t.example leads to 10.0.0.1");
  CHECK(Waiting() == 0);
}

TEST_CASE_FIXTURE(Fetches, "5xx and 429 are fetched again and other refusals given up") {
  Start();
  for (const int status : {500, 502, 503, 504, 599, 429}) {
    CAPTURE(status);
    const auto waiting = Waiting();
    Begin("https://t.example/" + std::to_string(status));
    Reply(Answer(status, "an error page"));
    CHECK(Outcome() == "answered " + std::to_string(status) + ", retry in 10s");
    CHECK(Waiting() == waiting + 1);
  }
  const auto waiting = Waiting();
  for (const int status : {300, 305, 400, 401, 403, 404, 408, 410, 418, 451}) {
    CAPTURE(status);
    Begin("https://t.example/" + std::to_string(status));
    Reply(Answer(status, "an error page"));
    CHECK(Outcome() == "given up: answered " + std::to_string(status));
    CHECK(Waiting() == waiting);
  }
  CHECK(messages.empty());
}

TEST_CASE_FIXTURE(Fetches, "what broke off is fetched again whatever its status was") {
  Start();
  for (const int status : {200, 404, 410, 500}) {
    CAPTURE(status);
    Begin("https://t.example/" + std::to_string(status));
    Reply(BrokenOff(status, "half"));
    CHECK(exchanges.back().status == status);
    CHECK(exchanges.back().fault == Fault::kReset);
  }
  CHECK(messages.empty());
}

TEST_CASE("Retry-After delays a fetch up to the longest wait") {
  const std::pair<std::string, Duration> rows[] = {
      {"9", 10s}, {"11", 11s}, {"61", 1min}, {"soon", 10s}, {"Fri, 02 Jan 2026 03:04:35 GMT", 30s}};
  for (const int status : {429, 503, 500}) {
    for (const auto& [value, wait] : rows) {
      CAPTURE(status);
      CAPTURE(value);
      Fetches rig;
      rig.Start();
      rig.Begin(kTopic);
      CHECK(rig.Wait(Answer(status, "", {"Retry-After: " + value})) ==
            (status == 500 ? 10s : wait));
    }
  }
}

TEST_CASE("the last retry of a fetch counts and one failure more gives up until the next ping") {
  for (const int failures : {2, 3}) {
    CAPTURE(failures);
    Fetches rig;
    rig.Start();
    rig.Begin(kTopic);
    for (int i = 1; i <= failures; ++i) {
      REQUIRE(rig.transport.open() == 1);
      CHECK(rig.Wait(Answer(500)).has_value() == (i <= 2));
    }
    if (failures == 3) {
      CHECK(rig.Outcome() == "given up: answered 500");
      CHECK(rig.Waiting() == 0);
      rig.Begin(kTopic);
      CHECK(rig.exchanges.back().attempt == 3);
    }
    REQUIRE(rig.transport.open() == 1);
    rig.Reply(Answer(200, "whole"));
    CHECK(rig.messages.size() == 1);
    CHECK(rig.Waiting() == 0);
  }
}

TEST_CASE("fetches in flight are as many as the limits and one more waits") {
  for (const int topics : {3, 4}) {
    for (const bool one_origin : {true, false}) {
      CAPTURE(topics);
      CAPTURE(one_origin);
      Fetches rig;
      if (one_origin) {
        rig.fetch.turns.pace = {.fewest = 3, .first = 3, .most = 3};
      } else {
        rig.fetch.turns.max_running = 3;
      }
      rig.Start();
      for (int i = 0; i < topics; ++i) {
        const std::string n = std::to_string(i);
        rig.Begin(one_origin ? "https://t.example/" + n : "https://t" + n + ".example/");
      }
      CHECK(rig.transport.open() == 3);
      rig.Reply(Answer(404));
      CHECK(rig.transport.open() == (topics == 3 ? 2 : 3));
      while (rig.transport.open() > 0) rig.Reply(Answer(404));
      CHECK(rig.transport.calls.size() == static_cast<std::size_t>(topics));
      CHECK(rig.transport.most_open == 3);
    }
  }
}

}  // namespace websub::tests
