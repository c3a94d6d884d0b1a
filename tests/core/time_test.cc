#include "core/time.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>

#include "tests/support/cases.h"

namespace websub {
namespace {

using namespace std::chrono_literals;

Time At(std::int64_t microseconds) {
  return Time(Duration(microseconds));
}

TEST_CASE("writes RFC 3339 with six digits in UTC") {
  CHECK(FormatRfc3339(At(0)) == "1970-01-01T00:00:00.000000Z");
  CHECK(FormatRfc3339(At(-1)) == "1969-12-31T23:59:59.999999Z");
  // date -u -d '2026-11-21 20:32:01' +%s
  CHECK(FormatRfc3339(At(1795293121'123456)) == "2026-11-21T20:32:01.123456Z");
  CHECK(FormatRfc3339(Time::max()) == "9999-12-31T23:59:59.999999Z");
  CHECK(FormatRfc3339(Time::min()) == "0000-01-01T00:00:00.000000Z");
}

TEST_CASE("writes HTTP dates") {
  CHECK(FormatHttpDate(At(1795293121'123456)) == "Sat, 21 Nov 2026 20:32:01 GMT");
  CHECK(FormatHttpDate(At(784111777'000000)) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(FormatHttpDate(Time::max()) == "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST_CASE("reads the three forms of an HTTP date") {
  for (const auto& row : tests::ReadCases("core/http_date.json")) {
    const std::string name = row["name"];
    CAPTURE(name);
    const auto time = ParseHttpDate(row["text"].get<std::string>());
    REQUIRE(time.has_value() == row.contains("rfc3339"));
    if (time) CHECK(FormatRfc3339(*time) == row["rfc3339"].get<std::string>());
  }
}

TEST_CASE("reads RFC 3339 with any offset and fraction") {
  const struct {
    const char* text;
    const char* utc;
  } rows[] = {
      {"2026-11-21T20:32:01Z", "2026-11-21T20:32:01.000000Z"},
      {"2026-11-21t20:32:01z", "2026-11-21T20:32:01.000000Z"},
      {"2026-11-21 20:32:01.5Z", "2026-11-21T20:32:01.500000Z"},
      {"2026-11-21T20:32:01.1234567899Z", "2026-11-21T20:32:01.123456Z"},
      {"2026-11-21T20:32:01+01:30", "2026-11-21T19:02:01.000000Z"},
      {"2026-11-21T20:32:01-08:00", "2026-11-22T04:32:01.000000Z"},
      {"2026-01-01T00:00:00+00:01", "2025-12-31T23:59:00.000000Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto time = ParseRfc3339(row.text);
    REQUIRE(time.has_value());
    CHECK(FormatRfc3339(*time) == row.utc);
  }
  for (const char* text :
       {"", "2026-11-21", "2026-11-21T20:32:01", "2026-11-21T20:32Z", "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T20:32:01.Z",
        "2026-11-21T20:32:01+0100", "2026-11-21T20:32:01+24:00", "2026-11-21T20:32:01Zx",
        "26-11-21T20:32:01Z", "2026-11-21_20:32:01Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseRfc3339(text).has_value());
  }
}

TEST_CASE("reads back every time that it wrote") {
  std::mt19937_64 random(1);
  const std::int64_t first = At(0).time_since_epoch().count() - 62167219200'000000;  // year 0
  const std::int64_t last = 253402300799'999999;                                     // year 9999
  std::uniform_int_distribution<std::int64_t> any(first, last);
  for (int i = 0; i < 20000; ++i) {
    const Time time = At(i == 0 ? first : i == 1 ? last : any(random));
    REQUIRE(ParseRfc3339(FormatRfc3339(time)) == time);
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    REQUIRE(ParseHttpDate(FormatHttpDate(time)) == Time(second));
  }
}

TEST_CASE("reads durations") {
  const struct {
    const char* text;
    Duration value;
  } rows[] = {
      {"500ms", 500ms},   {"10s", 10s},
      {"5m", 5min},       {"2h", 2h},
      {"10d", 240h},      {"1.5s", 1500ms},
      {"90", 90s},        {"0", 0s},
      {"250us", 250us},   {"0.5d", 12h},
      {"0.000001s", 1us}, {"0.0000019s", 1us},
      {"1.5", 1500ms},    {"1.000001m", 60s + 60us},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto duration = ParseDuration(row.text);
    REQUIRE(duration.has_value());
    CHECK(duration->count() == row.value.count());
  }
  // The longest that fits 63 bits of microseconds, and one more.
  CHECK(ParseDuration("9223372036854775807us") == Duration::max());
  CHECK_FALSE(ParseDuration("9223372036854775808us").has_value());
  for (const char* text : {"", "s", "-1s", "+1s", "1 s", "1x", "1.s", ".5s", "1.5.5s", "10S", "1e3",
                           "999999999999999999999d", "106751992d"}) {
    CAPTURE(text);
    const auto duration = ParseDuration(text);
    REQUIRE_FALSE(duration.has_value());
    CHECK(duration.error().code == ErrorCode::kInvalid);
    CHECK(duration.error().message.find('"' + std::string(text) + '"') == 0);
  }
  CHECK(ParseDuration("106751991d").has_value());
}

TEST_CASE("writes the shortest duration") {
  const struct {
    Duration value;
    const char* text;
  } rows[] = {
      {0s, "0s"},        {500ms, "500ms"}, {10s, "10s"},     {90s, "90s"},     {120s, "2m"},
      {1h, "1h"},        {240h, "10d"},    {1500ms, "1.5s"}, {250us, "250us"}, {1us, "1us"},
      {1500us, "1.5ms"}, {36h, "36h"},     {-10s, "-10s"},   {61s, "61s"},     {60001ms, "60.001s"},
  };
  for (const auto& row : rows) CHECK(FormatDuration(row.value) == row.text);
}

TEST_CASE("reads back every duration that it wrote") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const Duration duration(static_cast<std::int64_t>(random() >> (1 + random() % 63)));
    REQUIRE(ParseDuration(FormatDuration(duration)) == duration);
  }
  CHECK(ParseDuration(FormatDuration(Duration::max())) == Duration::max());
}

TEST_CASE("reads sizes") {
  const struct {
    const char* text;
    std::size_t value;
  } rows[] = {
      {"0", 0},
      {"512", 512},
      {"64KiB", 65536},
      {"64K", 65536},
      {"10MiB", 10485760},
      {"10MB", 10000000},
      {"1GiB", 1073741824},
      {"1.5KiB", 1536},
      {"2kb", 2000},
      {"3B", 3},
      {"1GB", 1000000000},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto size = ParseSize(row.text);
    REQUIRE(size.has_value());
    CHECK(*size == row.value);
  }
  for (const char* text : {"", "KiB", "-1", "1 KiB", "1TiBB", "x", "99999999999999999999GiB"}) {
    CAPTURE(text);
    REQUIRE_FALSE(ParseSize(text).has_value());
  }
}

}  // namespace
}  // namespace websub
