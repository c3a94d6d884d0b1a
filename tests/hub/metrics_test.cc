#include "hub/api/metrics.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/hub_rig.h"

namespace websub::tests {

using hub::DeliveryOutcome;
using hub::Gauges;
using hub::Metrics;

namespace {

// The value of the sample that is named exactly so.
std::optional<double> Sample(const std::string& text, const std::string& name) {
  const auto at = ("\n" + text).find("\n" + name + " ");
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(text.c_str() + at + name.size(), nullptr);
}

double Of(const Metrics& metrics, const std::string& name) {
  const auto value = Sample(metrics.Text(Gauges{}), name);
  REQUIRE_MESSAGE(value.has_value(), "no sample ", name);
  return *value;
}

Exchange Made(ExchangeKind kind, int status, Fault fault = Fault::kNone) {
  Exchange exchange;
  exchange.kind = kind;
  exchange.status = status;
  exchange.fault = fault;
  return exchange;
}

Exchange DeliveryOf(Duration total) {
  Exchange exchange = Made(ExchangeKind::kDeliver, 204);
  exchange.timings.total = total;
  return exchange;
}

DeliveryOutcome Outcome(DeliveryOutcome::Kind kind) {
  DeliveryOutcome outcome;
  outcome.kind = kind;
  return outcome;
}

}  // namespace

TEST_CASE("exchanges are counted by kind and status class") {
  Metrics metrics(Time{});
  metrics.Count(Made(ExchangeKind::kSubscribe, 202));
  metrics.Count(Made(ExchangeKind::kSubscribe, 202));
  metrics.Count(Made(ExchangeKind::kSubscribe, 400));
  metrics.Count(Made(ExchangeKind::kPublish, 307));
  metrics.Count(Made(ExchangeKind::kVerify, 404));
  metrics.Count(Made(ExchangeKind::kFetch, 0, Fault::kDns));
  metrics.Count(Made(ExchangeKind::kFetch, 999));
  // The status came, and then the answer broke off.
  metrics.Count(Made(ExchangeKind::kFetch, 200, Fault::kReset));
  CHECK(Of(metrics, R"(websub_requests_total{kind="subscribe",status="2xx"})") == 2);
  CHECK(Of(metrics, R"(websub_requests_total{kind="subscribe",status="4xx"})") == 1);
  CHECK(Of(metrics, R"(websub_requests_total{kind="subscribe",status="5xx"})") == 0);
  CHECK(Of(metrics, R"(websub_requests_total{kind="publish",status="3xx"})") == 1);
  CHECK(Of(metrics, R"(websub_calls_total{kind="verify",status="4xx"})") == 1);
  CHECK(Of(metrics, R"(websub_calls_total{kind="fetch",status="none"})") == 1);
  CHECK(Of(metrics, R"(websub_calls_total{kind="fetch",status="other"})") == 1);
  CHECK(Of(metrics, R"(websub_calls_total{kind="fetch",status="2xx"})") == 1);
  CHECK(Of(metrics, R"(websub_call_faults_total{fault="dns",kind="fetch"})") == 1);
  CHECK(Of(metrics, R"(websub_call_faults_total{fault="reset",kind="fetch"})") == 1);
  CHECK(Of(metrics, R"(websub_call_faults_total{fault="reset",kind="deliver"})") == 0);
  CHECK(Of(metrics, "websub_delivery_duration_seconds_count") == 0);
}

TEST_CASE("no status and no fault of any kind of exchange is out of bounds") {
  Metrics metrics(Time{});
  for (int kind = 0; kind <= static_cast<int>(ExchangeKind::kHook); ++kind) {
    for (const int status : {0, 1, 100, 199, 200, 599, 600, 999}) {
      for (int fault = 0; fault <= static_cast<int>(Fault::kCancelled); ++fault) {
        metrics.Count(Made(static_cast<ExchangeKind>(kind), status, static_cast<Fault>(fault)));
      }
    }
  }
  CHECK(Of(metrics, R"(websub_requests_total{kind="register",status="5xx"})") == 14);
  CHECK(Of(metrics, R"(websub_calls_total{kind="hook",status="other"})") == 5 * 14);
}

TEST_CASE("the time of attempts lies in cumulative buckets") {
  Metrics metrics(Time{});
  metrics.Count(DeliveryOf(1ms));  // a bound belongs to its bucket
  metrics.Count(DeliveryOf(3ms));
  metrics.Count(DeliveryOf(40s));
  // Neither was ever sent.
  metrics.Count(Made(ExchangeKind::kDeliver, 0, Fault::kCancelled));
  metrics.Count(Made(ExchangeKind::kDeliver, 0, Fault::kForbiddenAddress));
  CHECK(Of(metrics, R"(websub_delivery_duration_seconds_bucket{le="0.001"})") == 1);
  CHECK(Of(metrics, R"(websub_delivery_duration_seconds_bucket{le="0.0025"})") == 1);
  CHECK(Of(metrics, R"(websub_delivery_duration_seconds_bucket{le="0.005"})") == 2);
  CHECK(Of(metrics, R"(websub_delivery_duration_seconds_bucket{le="30"})") == 2);
  CHECK(Of(metrics, R"(websub_delivery_duration_seconds_bucket{le="+Inf"})") == 3);
  CHECK(Of(metrics, "websub_delivery_duration_seconds_count") == 3);
  CHECK(Of(metrics, "websub_delivery_duration_seconds_sum") == doctest::Approx(40.004));
}

TEST_CASE("outcomes are counted and only what was taken has a lag") {
  Metrics metrics(Time{});
  metrics.Count(Outcome(DeliveryOutcome::Kind::kDelivered), 2s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kDelivered), -1s);  // the clock was set back
  metrics.Count(Outcome(DeliveryOutcome::Kind::kRetry), 100s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kGivenUp), 100s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kGivenUp), 100s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kGivenUp), 100s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kGone), 100s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kGone), 100s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kGone), 100s);
  metrics.Count(Outcome(DeliveryOutcome::Kind::kGone), 100s);
  CHECK(Of(metrics, R"(websub_deliveries_total{outcome="delivered"})") == 2);
  CHECK(Of(metrics, R"(websub_deliveries_total{outcome="retry"})") == 1);
  CHECK(Of(metrics, R"(websub_deliveries_total{outcome="dead_letter"})") == 3);
  CHECK(Of(metrics, R"(websub_deliveries_total{outcome="gone"})") == 4);
  CHECK(Of(metrics, "websub_delivery_lag_seconds_count") == 2);
  CHECK(Of(metrics, "websub_delivery_lag_seconds_sum") == 2);
  CHECK(Of(metrics, R"(websub_delivery_lag_seconds_bucket{le="1"})") == 1);
}

TEST_CASE("no label holds what a peer chose") {
  Metrics metrics(Time{});
  const std::string before = metrics.Text(Gauges{});
  Exchange exchange = Made(ExchangeKind::kDeliver, 500);
  exchange.topic = std::string("https://example.org/private");
  exchange.callback = std::string("https://peer.example/private");
  exchange.identity = "private";
  exchange.outcome = "private";
  metrics.Count(exchange);
  const std::string after = metrics.Text(Gauges{});
  CHECK(after.find("private") == std::string::npos);
  // As many lines as before: nothing that happens makes a new series.
  CHECK(std::count(after.begin(), after.end(), '\n') ==
        std::count(before.begin(), before.end(), '\n'));
}

TEST_CASE("what is looked at is shown as it is") {
  Metrics metrics(Time(1'700'000'000'250ms));
  Gauges now;
  now.counts.active = 1'000'000;
  now.counts.expired = 7;
  now.counts.dead_letters = 3;
  now.last_message = 123'456'789'012;
  now.size = {.file = 4096, .log = 32};
  now.takes_writes = false;
  now.deliveries_due = 5;
  now.in_flight.fetches = 2;
  const std::string text = metrics.Text(now);
  CHECK(Sample(text, R"(websub_subscriptions{state="active"})") == 1'000'000);
  CHECK(Sample(text, R"(websub_subscriptions{state="expired"})") == 7);
  CHECK(Sample(text, "websub_dead_letters") == 3);
  CHECK(Sample(text, "websub_messages_accepted_total") == 123'456'789'012);
  CHECK(Sample(text, R"(websub_database_bytes{part="file"})") == 4096);
  CHECK(Sample(text, R"(websub_database_bytes{part="log"})") == 32);
  CHECK(Sample(text, "websub_database_writable") == 0);
  CHECK(Sample(text, "websub_deliveries_due") == 5);
  CHECK(Sample(text, R"(websub_calls_in_flight{kind="fetch"})") == 2);
  CHECK(Sample(text, "process_start_time_seconds") == 1'700'000'000.25);
}

TEST_CASE_FIXTURE(HubRig, "the deliverer tells each outcome once with its message") {
  Start();
  std::vector<std::pair<DeliveryOutcome::Kind, hub::MessageId>> told;
  deliverer->on_outcome = [&](const DeliveryOutcome& outcome, const hub::Message& message) {
    CHECK(outcome.message_id == message.id);
    CHECK(outcome.now - message.created_at >= 0s);
    told.emplace_back(outcome.kind, message.id);
  };
  int answers = 0;
  peers = [&](const FakeTransport::Call&) -> std::optional<hub::OutgoingResult> {
    return Answer(++answers == 1 ? 500 : answers == 2 ? 204 : 410);
  };
  Subscribe("https://example.org/a", "https://peer.example/cb");
  const auto first = PublishAndWake("https://example.org/a", "one");
  RunFor(60s);
  const auto second = PublishAndWake("https://example.org/a", "two");
  RunFor(60s);
  CHECK(told == std::vector<std::pair<DeliveryOutcome::Kind, hub::MessageId>>{
                    {DeliveryOutcome::Kind::kRetry, first.id},
                    {DeliveryOutcome::Kind::kDelivered, first.id},
                    {DeliveryOutcome::Kind::kGone, second.id}});
}

TEST_CASE_FIXTURE(StoreFixture, "the store counts what has ended and tells how large it is") {
  const auto one = Subscribe("https://example.org/a", "https://peer.example/1");
  const auto two = Subscribe("https://example.org/a", "https://peer.example/2");
  Subscribe("https://example.org/a", "https://peer.example/3");
  const auto end = [&](const hub::Subscription& which, hub::SubscriptionState state) {
    REQUIRE(Wait<void>([&](auto done) {
              store->EndSubscription(which.id, state, "", clock.Now(), done);
            }).has_value());
  };
  end(one, hub::SubscriptionState::kExpired);
  end(two, hub::SubscriptionState::kGone);
  const auto counts = store->CountAll();
  CHECK(counts.active == 1);
  CHECK(counts.expired == 1);
  CHECK(counts.gone == 1);
  CHECK(counts.denied == 0);
  const auto before = store->Size();
  CHECK(before.file > 0);
  CHECK(before.log > 0);
  Publish("https://example.org/a", std::string(1'000'000, 'x'));
  const auto after = store->Size();
  CHECK(after.file > before.file + 900'000);  // a page that was there may take a part of it
}

}  // namespace websub::tests
