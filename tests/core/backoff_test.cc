#include "core/backoff.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace websub {
namespace {

using namespace std::chrono_literals;

const Time kStart{1000000s};

// How long the next attempt waits; nothing where it gives up.
std::optional<Duration> Wait(const RetryPolicy& policy, const Failure& failure) {
  const auto next = NextAttempt(policy, failure);
  if (const auto* at = std::get_if<TryAt>(&next)) return at->at - failure.now;
  return std::nullopt;
}

Failure After(int attempts, double jitter = 0.5) {
  return {attempts, kStart, kStart, jitter, std::nullopt};
}

std::string Reason(const RetryPolicy& policy, const Failure& failure) {
  const auto next = NextAttempt(policy, failure);
  const auto* give_up = std::get_if<GiveUp>(&next);
  return give_up != nullptr ? give_up->reason : "";
}

TEST_CASE("doubles the wait up to the maximum (HUB-DIS-08)") {
  const RetryPolicy policy;
  const struct {
    int attempts;
    Duration wait;
  } rows[] = {{1, 1s},  {2, 2s},   {3, 4s},   {4, 8s},    {5, 16s},    {6, 32s},
              {7, 64s}, {8, 128s}, {9, 256s}, {10, 512s}, {11, 1024s}, {12, 2048s}};
  for (const auto& row : rows) CHECK(Wait(policy, After(row.attempts)) == row.wait);
  const RetryPolicy unlimited{std::nullopt, 1s, 1h, 24h};
  CHECK(Wait(unlimited, After(12)) == 2048s);
  CHECK(Wait(unlimited, After(13)) == 1h);
  CHECK(Wait(unlimited, After(1000000)) == 1h);
  CHECK(Wait(unlimited, After(std::numeric_limits<int>::max())) == 1h);
}

TEST_CASE("spreads the wait by the jitter") {
  const RetryPolicy policy;
  CHECK(Wait(policy, After(3, 0.0)) == 2s);
  CHECK(Wait(policy, After(3, 0.25)) == 3s);
  CHECK(Wait(policy, After(3, 0.75)) == 5s);
  const auto most = Wait(policy, After(3, std::nextafter(1.0, 0.0)));
  CHECK(*most <= 6s);
  CHECK(*most > 5900ms);
  // At the maximum the jitter shortens, and never goes beyond.
  const RetryPolicy unlimited{std::nullopt, 1s, 1h, 24h};
  CHECK(Wait(unlimited, After(40, 0.0)) == 30min);
  CHECK(Wait(unlimited, After(40, 0.9)) == 1h);
  CHECK(Wait(policy, After(3, -7.0)) == 2s);
  CHECK(Wait(policy, After(3, 7.0)) == 6s);
  CHECK(Wait(policy, After(3, std::nan(""))) == 2s);
}

TEST_CASE("gives up when the retries are used up (HUB-DIS-08)") {
  const RetryPolicy policy;
  CHECK(Wait(policy, After(12)).has_value());
  CHECK(Reason(policy, After(13)) == "no success in 13 attempts");
  CHECK(Reason(policy, After(14)) == "no success in 14 attempts");
  const RetryPolicy none{0, 1s, 1h, 24h};
  CHECK(Reason(none, After(1)) == "no success in 1 attempt");
  const RetryPolicy one{1, 1s, 1h, 24h};
  CHECK(Wait(one, After(1)).has_value());
  CHECK(Reason(one, After(2)) == "no success in 2 attempts");
}

TEST_CASE("gives up when the next attempt would start too late (HUB-DIS-08)") {
  const RetryPolicy policy;
  Failure failure = After(1);
  failure.now = kStart + 24h - 1s;
  CHECK(Wait(policy, failure) == 1s);
  failure.now += 1us;
  CHECK(Reason(policy, failure) == "no success within 1d");
}

TEST_CASE("honours what the peer asked for up to the maximum") {
  const RetryPolicy policy;
  Failure failure = After(3);
  failure.retry_after = 3s;
  CHECK(Wait(policy, failure) == 4s);
  failure.retry_after = 5s;
  CHECK(Wait(policy, failure) == 5s);
  failure.retry_after = 1h;
  CHECK(Wait(policy, failure) == 1h);
  failure.retry_after = 1h + 1us;
  CHECK(Wait(policy, failure) == 1h);
  failure.retry_after = Duration::max();
  CHECK(Wait(policy, failure) == 1h);
  failure.retry_after = -5s;
  CHECK(Wait(policy, failure) == 4s);
}

TEST_CASE("extreme policies and times do not overflow") {
  const RetryPolicy huge{std::nullopt, Duration::max(), Duration::max(), Duration::max()};
  Failure failure{std::numeric_limits<int>::max(), Time::min(), Time::max(), 0.99, Duration::max()};
  const auto next = NextAttempt(huge, failure);
  REQUIRE(std::holds_alternative<TryAt>(next));
  CHECK(std::get<TryAt>(next).at == Time::max());
  const RetryPolicy zero{std::nullopt, 0s, 0s, 1s};
  CHECK(Wait(zero, After(100)) == 0s);
}

TEST_CASE("reads Retry-After as seconds or as a date") {
  const Time now = *ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(ParseRetryAfter("120", now) == 120s);
  CHECK(ParseRetryAfter("0", now) == 0s);
  CHECK(ParseRetryAfter(" 7 ", now) == 7s);
  CHECK(ParseRetryAfter("Sun, 06 Nov 1994 08:49:38 GMT", now) == 1s);
  CHECK(ParseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now) == 0s);
  CHECK(ParseRetryAfter("Sun, 06 Nov 1994 08:49:36 GMT", now) == 0s);
  CHECK(ParseRetryAfter("Sunday, 06-Nov-94 08:50:37 GMT", now) == 60s);
  CHECK(ParseRetryAfter(std::string(1000, '9'), now) > 24h * 365 * 1000);
  for (const char* text : {"", " ", "-1", "1.5", "5s", "soon", "1 2", "+1"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseRetryAfter(text, now).has_value());
  }
}

}  // namespace
}  // namespace websub
