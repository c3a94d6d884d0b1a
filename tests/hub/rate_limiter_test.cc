#include "hub/rate_limiter.h"

#include <doctest/doctest.h>

namespace websub::hub {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kStart{seconds(1'700'000'000)};

// How many of `asked` are let through at that moment.
int Taken(RateLimiter& limiter, const std::string& key, Time now, int asked) {
  int taken = 0;
  for (int i = 0; i < asked; ++i) taken += limiter.Take(key, now) == Duration::zero() ? 1 : 0;
  return taken;
}

TEST_CASE("a rate is a number and a time") {
  CHECK(ParseRate("100/s") == Rate{100, seconds(1)});
  CHECK(ParseRate("600/m") == Rate{600, minutes(1)});
  CHECK(ParseRate("10000/h") == Rate{10000, hours(1)});
  CHECK(ParseRate("5/10s") == Rate{5, seconds(10)});
  CHECK(ParseRate("1/d") == Rate{1, hours(24)});
  for (const char* wrong : {"", "5", "/s", "5/", "0/s", "-1/s", "5/0s", "x/s", "5/x", "5 /s",
                            "1000001/s", "5/s/s", "5/-1s", "99999999999999999999/s"}) {
    CAPTURE(wrong);
    const auto rate = ParseRate(wrong);
    REQUIRE_FALSE(rate);
    CHECK(rate.error().message.find("use 100/s") != std::string::npos);
  }
}

TEST_CASE("a rate is written as it is read") {
  for (const char* text : {"100/s", "600/m", "10000/h", "5/10s", "1/d"}) {
    CHECK(FormatRate(*ParseRate(text)) == text);
  }
}

TEST_CASE("a whole bucket may be used at once and no more") {
  RateLimiter limiter({7, seconds(1)});
  CHECK(Taken(limiter, "a", kStart, 20) == 7);
  CHECK(Taken(limiter, "b", kStart, 20) == 7);
}

TEST_CASE("the wait is until one is there again") {
  RateLimiter limiter({10, seconds(1)});
  CHECK(Taken(limiter, "a", kStart, 10) == 10);
  CHECK(limiter.Take("a", kStart) == milliseconds(100));
  CHECK(limiter.Take("a", kStart + milliseconds(30)) == milliseconds(70));
  CHECK(limiter.Take("a", kStart + milliseconds(100)) == Duration::zero());
  CHECK(limiter.Take("a", kStart + milliseconds(100)) == milliseconds(100));
}

TEST_CASE("over a long time the rate holds") {
  RateLimiter limiter({600, minutes(1)});
  int taken = Taken(limiter, "a", kStart, 600);
  for (int tick = 1; tick <= 600; ++tick) {  // a minute
    taken += Taken(limiter, "a", kStart + tick * milliseconds(100), 3);
  }
  CHECK(taken == 1200);
}

TEST_CASE("a bucket fills up to its size and not beyond") {
  RateLimiter limiter({5, seconds(1)});
  CHECK(Taken(limiter, "a", kStart, 9) == 5);
  CHECK(Taken(limiter, "a", kStart + hours(9), 9) == 5);
}

TEST_CASE("a clock that is set back makes nobody wait longer than the bucket is large") {
  RateLimiter limiter({5, seconds(10)});
  CHECK(Taken(limiter, "a", kStart, 5) == 5);
  CHECK(limiter.Take("a", kStart - hours(1)) == seconds(2));
  CHECK(limiter.Take("a", kStart - hours(1) + seconds(10)) == Duration::zero());
}

TEST_CASE("who used up the bucket is remembered while thousands of others come") {
  RateLimiter limiter({100, hours(1)}, 50);
  CHECK(Taken(limiter, "hungry", kStart, 200) == 100);
  for (int i = 0; i < 5'000; ++i) {
    CHECK(limiter.Take("once " + std::to_string(i), kStart + milliseconds(i)) == Duration::zero());
    CHECK(limiter.size() <= 50);
  }
  CHECK(limiter.Take("hungry", kStart + seconds(5)) > Duration::zero());
}

TEST_CASE("seconds to wait are whole and at least one") {
  CHECK(RetryAfterSeconds(Duration(1)) == 1);
  CHECK(RetryAfterSeconds(seconds(1)) == 1);
  CHECK(RetryAfterSeconds(seconds(1) + Duration(1)) == 2);
  CHECK(RetryAfterSeconds(minutes(36)) == 2160);
}

}  // namespace
}  // namespace websub::hub
