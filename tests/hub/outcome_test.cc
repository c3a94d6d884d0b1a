#include "hub/delivery/outcome.h"

#include <doctest/doctest.h>

#include "tests/support/fake_transport.h"

namespace websub::tests {

using namespace std::chrono_literals;
using hub::AttemptOutcome;
using hub::Classify;
using hub::OutgoingResult;
using hub::RetryAt;

namespace {

const Time kNow = Time(std::chrono::seconds(1767323045));  // Fri, 02 Jan 2026 03:04:05 GMT
const RetryPolicy kPolicy{.retries = 3, .base = 10s, .max = 1h, .give_up_after = 24h};

AttemptOutcome First(const OutgoingResult& result) {
  return Classify(result, {.number = 1, .first_attempt = kNow, .now = kNow, .jitter = 0.5},
                  kPolicy);
}
// "delivered", "gone", "retry in 10s: answered 500", "given up: …".
std::string Text(const AttemptOutcome& outcome) {
  if (std::holds_alternative<hub::Delivered>(outcome)) return "delivered";
  if (std::holds_alternative<hub::Gone>(outcome)) return "gone";
  if (const auto* retry = std::get_if<RetryAt>(&outcome)) {
    return "retry in " + FormatDuration(retry->at - kNow) + ": " + retry->reason;
  }
  return "given up: " + std::get<hub::GivenUp>(outcome).reason;
}

}  // namespace

TEST_CASE("any 2xx with any body is a delivery (HUB-DIS-05)") {
  for (const int status : {200, 201, 202, 204, 206, 226, 299}) {
    CHECK(Text(First(Answer(status, "error: no"))) == "delivered");
  }
  CHECK(Text(First(BrokenOff(200, "ha"))) == "delivered");
}

TEST_CASE("410 ends and every other status is a failure (HUB-DIS-06 HUB-DIS-07)") {
  CHECK(Text(First(Answer(410))) == "gone");
  for (const int status : {100, 199, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403,
                           404, 409, 411, 418, 429, 499, 500, 502, 503, 504, 599, 600}) {
    CHECK(Text(First(Answer(status))) == "retry in 10s: answered " + std::to_string(status));
  }
}

TEST_CASE("a fault is a failure that is told by its own sentence (HUB-DIS-07)") {
  CHECK(Text(First(Broken(Fault::kRefused, "192.0.2.1:80 refused the connection"))) ==
        "retry in 10s: 192.0.2.1:80 refused the connection");
  CHECK(Text(First(Broken(Fault::kDns, ""))) == "retry in 10s: " + std::string(Name(Fault::kDns)));
}

TEST_CASE("Retry-After counts on 429 and 503 and on no other status (HUB-DIS-08)") {
  const auto with = [](int status, const std::string& field) {
    return Text(First(Answer(status, "", {field})));
  };
  CHECK(with(429, "Retry-After: 120") == "retry in 2m: answered 429");
  CHECK(with(503, "retry-after:  120 ") == "retry in 2m: answered 503");
  CHECK(with(503, "Retry-After: Fri, 02 Jan 2026 03:05:35 GMT") == "retry in 90s: answered 503");
  CHECK(with(503, "Retry-After: Fri, 02 Jan 2026 03:04:00 GMT") == "retry in 10s: answered 503");
  CHECK(with(503, "Retry-After: 5") == "retry in 10s: answered 503");
  CHECK(with(503, "Retry-After: soon") == "retry in 10s: answered 503");
  CHECK(with(503, "Retry-After: 7200") == "retry in 1h: answered 503");
  CHECK(with(500, "Retry-After: 120") == "retry in 10s: answered 500");
  CHECK(with(302, "Retry-After: 120") == "retry in 10s: answered 302");
}

TEST_CASE("the limits of count and of age hold on both sides (HUB-DIS-08)") {
  const auto at = [](int number, Duration age) {
    return Text(Classify(Answer(500), {.number = number, .first_attempt = kNow - age, .now = kNow},
                         kPolicy));
  };
  CHECK(at(3, 1min) == "retry in 40s: answered 500");
  CHECK(at(4, 1min) == "given up: answered 500; no success in 4 attempts");
  CHECK(at(1, 24h - 10s) == "retry in 10s: answered 500");
  CHECK(at(1, 24h - 9s) == "given up: answered 500; no success within 1d");
}

TEST_CASE("a wait until a retry is said in words") {
  CHECK(hub::RetryIn(kNow + 1500ms, kNow) == ", retry in 1.5s");
  CHECK(hub::RetryIn(kNow + 1s + 4us, kNow) == ", retry in 1s");
  CHECK(hub::RetryIn(kNow + 1365ms, kNow) == ", retry in 1.4s");
  CHECK(hub::RetryIn(kNow + 171725ms, kNow) == ", retry in 172s");
}

}  // namespace websub::tests
