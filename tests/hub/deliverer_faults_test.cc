// Each outcome of an attempt and each limit, on both of its sides: what is written down, and where
// the subscription stands afterwards.
#include <doctest/doctest.h>

#include <cmath>

#include "hub/delivery/deliverer.h"
#include "tests/support/hub_rig.h"

namespace websub::tests {

using hub::SubscriptionState;

namespace {

const std::string kTopic = "https://t.example/feed";
const std::string kCallback = "https://s.example/cb";

// A subscription and a message on its way, by a policy whose first retry waits ten seconds.
class Faults : public HubRig {
 public:
  Faults() { delivery.retry = {.retries = 3, .base = 10s, .max = 1h, .give_up_after = 24h}; }
  void Send() {
    Start();
    subscription = Subscribe(kTopic, kCallback);
    message = PublishAndWake(kTopic, "first");
    Settle();
    REQUIRE(transport.open() == 1);
  }
  void Reply(hub::OutgoingResult result) {
    transport.AnswerNext(std::move(result));
    Keep();
  }
  // Answers, and tells how long after that the next attempt began; nothing where none did.
  std::optional<Duration> Wait(hub::OutgoingResult result) {
    const Time answered = clock.Now();
    transport.AnswerNext(std::move(result));
    Settle();
    while (transport.open() == 0) {
      if (next_due() == Time::max() || next_due() - answered > 240h) return std::nullopt;
      ToNextDue();
    }
    return Last().at - answered;
  }
  // Lets it fail so many times, each attempt at its time.
  void FailTimes(int count) {
    for (int i = 0; i < count; ++i) {
      INFO(i);
      if (i > 0) ToNextAttempt();
      Reply(Answer(500));
    }
  }
  void ToNextAttempt() {
    while (transport.open() == 0) ToNextDue();
  }
  const FakeTransport::Call& Last() const { return transport.calls.back(); }

  hub::Subscription subscription;
  hub::Message message;
};

struct Row {
  hub::OutgoingResult result;
  std::string outcome;
  SubscriptionState state = SubscriptionState::kActive;
  bool acknowledged = false;
};

Row Took(hub::OutgoingResult result) {
  return {std::move(result), "delivered", SubscriptionState::kActive, true};
}
Row Ends(hub::OutgoingResult result) {
  return {std::move(result), "answered 410: the subscription ended", SubscriptionState::kGone,
          false};
}
Row Fails(hub::OutgoingResult result, const std::string& why) {
  return {std::move(result), why + ", retry in 10s"};
}

hub::OutgoingResult Cut(hub::OutgoingResult result) {
  result.body_cut = true;
  return result;
}

// What each answer and each fault leads to.
std::vector<Row> Rows() {
  std::vector<Row> rows;
  for (const int status : {200, 201, 202, 203, 204, 205, 206, 207, 226, 250, 299}) {
    rows.push_back(Took(Answer(status, "no")));
  }
  for (const int status : {199, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405,
                           408, 409, 411, 413, 429, 451, 499, 500, 501, 502, 503, 504, 599}) {
    rows.push_back(Fails(Answer(status, "x", {"Location: https://other.example/"}),
                         "answered " + std::to_string(status)));
  }
  rows.push_back(Ends(Answer(410)));
  rows.push_back(Ends(BrokenOff(410, "x")));
  rows.push_back(Took(BrokenOff(200, "x")));
  rows.push_back(Took(Cut(Answer(200, "x"))));
  rows.push_back(Fails(BrokenOff(500, "x"), "answered 500"));
  rows.push_back(Fails(Cut(Answer(500, "x")), "answered 500"));
  for (const Fault fault :
       {Fault::kBadUrl, Fault::kForbiddenAddress, Fault::kDns, Fault::kRefused, Fault::kUnreachable,
        Fault::kConnectTimeout, Fault::kTls, Fault::kTlsTimeout, Fault::kReset,
        Fault::kWriteTimeout, Fault::kResponseTimeout, Fault::kBadResponse}) {
    rows.push_back(Fails(Broken(fault, "a sentence about it"), "a sentence about it"));
    rows.push_back(Fails(Broken(fault, ""), std::string(Name(fault))));
  }
  return rows;
}

}  // namespace

TEST_CASE_FIXTURE(
    Faults,
    "each outcome is written down as it was and moves the cursor or not (HUB-DIS-05 HUB-DIS-06 "
    "HUB-DIS-07)") {
  Start();
  const auto rows = Rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    CAPTURE(row.outcome);
    CAPTURE(i);
    const std::string topic = kTopic + std::to_string(i);
    subscription = Subscribe(topic, kCallback);
    message = PublishAndWake(topic, "x");
    Settle();
    Reply(row.result);

    const Exchange& told = exchanges.back();
    CHECK(told.kind == ExchangeKind::kDeliver);
    CHECK(told.subscription_id == subscription.id);
    CHECK(told.message_id == message.id);
    CHECK(told.outcome == row.outcome);
    CHECK(told.status == row.result.status);
    CHECK(told.fault == row.result.fault);
    CHECK(told.response_body == row.result.body);
    const auto now = Now(subscription);
    CHECK(now.state == row.state);
    CHECK(now.cursor == (row.acknowledged ? message.id : subscription.cursor));
    const bool again = row.state == SubscriptionState::kActive && !row.acknowledged;
    CHECK(now.attempts == (again ? 1 : 0));
    CHECK(now.retry_at.has_value() == again);
    CHECK(transport.open() == 0);
  }
  CHECK(DeadLetters().empty());
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Faults, "an answer's body is kept up to the limit and its size in any case") {
  record.max_body = 10;
  Send();
  Reply(Answer(500, "0123456789"));
  CHECK(exchanges.back().response_body == "0123456789");
  ToNextAttempt();
  Reply(Answer(500, "0123456789a"));
  const auto kept = store->List(hub::ExchangeQuery{});
  REQUIRE(kept.has_value());
  REQUIRE(kept->size() == 2);
  std::vector<std::pair<std::string, std::size_t>> bodies;
  for (const auto& exchange : *kept) {
    const auto whole = store->FindExchange(exchange.id);
    bodies.emplace_back(whole->response_body, whole->response_body_size);
  }
  std::sort(bodies.begin(), bodies.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  CHECK(bodies[0] == std::pair<std::string, std::size_t>("0123456789", 10));
  CHECK(bodies[1] == std::pair<std::string, std::size_t>("0123456789", 11));
}

TEST_CASE_FIXTURE(
    Faults, "Retry-After holds on 429 and 503 within the policy and else nothing (HUB-DIS-08)") {
  // The clock stands at Fri, 02 Jan 2026 03:04:05 GMT; without the field the wait is ten seconds.
  const std::pair<std::string, Duration> rows[] = {
      {"", 10s},
      {"Retry-After:", 10s},
      {"Retry-After: 0", 10s},
      {"Retry-After: 9", 10s},
      {"Retry-After: 10", 10s},
      {"Retry-After: 11", 11s},
      {"retry-after: \t11 ", 11s},
      {"Retry-After: 3599", 3599s},
      {"Retry-After: 3600", 1h},
      {"Retry-After: 3601", 1h},
      {"Retry-After: 99999999999999999999999999", 1h},
      {"Retry-After: Fri, 02 Jan 2026 03:05:05 GMT", 1min},
      {"Retry-After: Fri, 02 Jan 2026 03:04:05 GMT", 10s},
      {"Retry-After: Fri, 02 Jan 2026 03:04:04 GMT", 10s},
      {"Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 10s},
      {"Retry-After: Fri, 02 Jan 2026 04:04:06 GMT", 1h},
      {"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT", 1h},
      {"Retry-After-Not: 60", 10s},
      {"Retry-After: soon", 10s},
      {"Retry-After: -60", 10s},
      {"Retry-After: 60.5", 10s},
      {"Retry-After: 60s", 10s},
      {"Retry-After: 0x60", 10s},
  };
  Start();
  const Time answered = clock.Now();
  std::vector<std::pair<hub::Subscription, Duration>> expected;
  for (const int status : {429, 503, 500, 404}) {
    for (const auto& [field, wait] : rows) {
      const std::string topic = kTopic + std::to_string(expected.size());
      const bool counts = status == 429 || status == 503;
      expected.emplace_back(Subscribe(topic, kCallback), counts ? wait : 10s);
      PublishAndWake(topic, "x");
      Settle();
      REQUIRE(transport.open() == 1);
      transport.AnswerNext(Answer(status, field, {field}));  // the body tells it apart
    }
  }
  Keep();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(exchanges[i].status);
    CAPTURE(exchanges[i].response_body);
    const auto now = Now(expected[i].first);
    REQUIRE(now.retry_at.has_value());
    CHECK(*now.retry_at - answered == expected[i].second);
    CHECK(now.attempts == 1);
  }
}

TEST_CASE_FIXTURE(Faults, "a date in Retry-After counts from when the answer came (HUB-DIS-08)") {
  Send();
  clock.Advance(5s);
  CHECK(Wait(Answer(503, "", {"Retry-After: Fri, 02 Jan 2026 03:05:05 GMT"})) == 55s);
}

TEST_CASE_FIXTURE(Faults, "a wait asked for that is longer than all patience gives up") {
  delivery.retry.give_up_after = 1min;
  Send();
  SUBCASE("just not") {
    CHECK(Wait(Answer(503, "", {"Retry-After: 60"})) == 1min);
    CHECK(DeadLetters().empty());
  }
  SUBCASE("just so") {
    CHECK(Wait(Answer(503, "", {"Retry-After: 61"})) == std::nullopt);
    REQUIRE(DeadLetters().size() == 1);
    CHECK(DeadLetters()[0].reason == "answered 503; no success within 1m");
  }
}

TEST_CASE("the last retry counts and one failure more is a dead letter (HUB-DIS-08 HUB-DIS-09)") {
  for (const int retries : {0, 1, 2, 5}) {
    CAPTURE(retries);
    for (const int failures : {retries, retries + 1}) {
      CAPTURE(failures);
      Faults rig;
      rig.delivery.retry.retries = retries;
      rig.Send();
      const auto second = rig.PublishAndWake(kTopic, "second");
      rig.FailTimes(failures);
      const auto letters = rig.DeadLetters();
      if (failures > retries) {
        REQUIRE(letters.size() == 1);
        CHECK(letters[0].subscription_id == rig.subscription.id);
        CHECK(letters[0].message_id == rig.message.id);
        CHECK(letters[0].attempts == retries + 1);
        const std::string attempts = std::to_string(retries + 1);
        CHECK(letters[0].reason == "answered 500; no success in " + attempts +
                                       (retries == 0 ? " attempt" : " attempts"));
        CHECK(rig.exchanges.back().outcome == "given up: " + letters[0].reason);
        CHECK(rig.Now(rig.subscription).cursor == rig.message.id);
      } else {
        CHECK(letters.empty());
        rig.ToNextAttempt();
        CHECK(rig.Last().body() == "first");
        CHECK(rig.Last().Field("Websub-Attempt") == std::to_string(retries + 1));
        rig.Reply(Answer(200));
      }
      // The next message goes out at once and begins to count anew.
      REQUIRE(rig.transport.open() == 1);
      CHECK(rig.Last().body() == "second");
      CHECK(rig.Last().Field("Websub-Attempt") == "1");
      rig.Reply(Answer(200));
      CHECK(rig.Now(rig.subscription).cursor == second.id);
      CHECK(rig.Now(rig.subscription).state == SubscriptionState::kActive);
      CHECK(rig.deliverer->lanes() == 0);
    }
  }
}

TEST_CASE("an attempt may start exactly as late as patience lasts (HUB-DIS-08)") {
  // Attempts start at 0 s, 10 s and 30 s; the fourth would at 70 s.
  const std::pair<Duration, std::size_t> rows[] = {
      {0s, 1},  {10s - 1us, 1}, {10s, 2}, {30s - 1us, 2},
      {30s, 3}, {70s - 1us, 3}, {70s, 4}, {70s + 1us, 4},
  };
  for (const bool unlimited : {true, false}) {
    for (const auto& [patience, attempts] : rows) {
      CAPTURE(patience.count());
      Faults rig;
      rig.delivery.retry.give_up_after = patience;
      if (unlimited) rig.delivery.retry.retries = std::nullopt;
      rig.peers = [&](const auto&) { return Answer(500); };
      rig.Start();
      rig.Subscribe(kTopic, kCallback);
      rig.PublishAndWake(kTopic, "x");
      rig.RunFor(75s);
      CHECK(rig.transport.calls.size() == attempts);
      CHECK(rig.DeadLetters().size() == 1);
    }
  }
}

TEST_CASE_FIXTURE(Faults, "patience counts from the start of the first attempt (HUB-DIS-08)") {
  // The answer takes five seconds: the next attempt would start after fifteen.
  SUBCASE("enough") {
    delivery.retry.give_up_after = 15s;
    Send();
    clock.Advance(5s);
    CHECK(Wait(Answer(500)) == 10s);
  }
  SUBCASE("not enough") {
    delivery.retry.give_up_after = 15s - 1us;
    Send();
    clock.Advance(5s);
    CHECK(Wait(Answer(500)) == std::nullopt);
    CHECK(DeadLetters().size() == 1);
  }
}

TEST_CASE_FIXTURE(Faults, "patience and count go on over a restart (HUB-DIS-08)") {
  SUBCASE("patience") {
    delivery.retry.give_up_after = 30s - 1us;
    Send();
    FailTimes(1);
    Restart();
    ToNextAttempt();
    Reply(Answer(500));
    CHECK(DeadLetters().size() == 1);
  }
  SUBCASE("count") {
    delivery.retry.retries = 1;
    Send();
    FailTimes(1);
    Restart();
    ToNextAttempt();
    Reply(Answer(500));
    REQUIRE(DeadLetters().size() == 1);
    CHECK(DeadLetters()[0].attempts == 2);
  }
  CHECK(transport.open() == 0);
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE("jitter spreads the wait between a half and one and a half (HUB-DIS-08)") {
  const double most = std::nextafter(1.0, 0.0);
  const struct {
    double unit;
    Duration max;
    Duration from;
    Duration to;
  } rows[] = {
      {0.0, 1h, 5s, 5s},         {0.5, 1h, 10s, 10s},   {most, 1h, 15s - 10us, 15s},
      {0.0, 10s, 5s, 5s},        {most, 10s, 10s, 10s},  // never longer than the longest
      {most, 3s, 3s, 3s},                                // which may be less than the base
      {0.0, 3s, 1500ms, 1500ms},
  };
  for (const auto& row : rows) {
    CAPTURE(row.unit);
    CAPTURE(row.max.count());
    Faults rig;
    rig.random.unit = row.unit;
    rig.delivery.retry.max = row.max;
    rig.Send();
    const auto wait = rig.Wait(Answer(500));
    REQUIRE(wait.has_value());
    CHECK(*wait >= row.from);
    CHECK(*wait <= row.to);
  }
}

TEST_CASE_FIXTURE(Faults, "retries without any wait end all the same") {
  delivery.retry = {.retries = 20, .base = 0s, .max = 1h, .give_up_after = 24h};
  Send();
  PublishAndWake(kTopic, "second");
  peers = [](const auto& call) { return Answer(call.body() == "first" ? 500 : 200); };
  RunFor(1s);
  CHECK(transport.calls.size() == 22);
  CHECK(DeadLetters().size() == 1);
  CHECK(deliverer->lanes() == 0);
}

TEST_CASE_FIXTURE(Faults, "what the hub broke off itself counts as no attempt") {
  Send();
  FailTimes(1);
  ToNextAttempt();
  Stop();
  CHECK(exchanges.back().outcome == "the hub stopped");
  CHECK(exchanges.back().fault == Fault::kCancelled);
  CHECK(Now(subscription).attempts == 1);
  CHECK(DeadLetters().empty());
  Restart();
  ToNextAttempt();
  CHECK(Last().Field("Websub-Attempt") == "2");
}

}  // namespace websub::tests
