// Points in time and their written forms. Time is a value: nothing in core reads a clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace websub {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;  // UTC

// Both written forms have a year of four digits: a time outside of the years 0 to 9999 is written
// as the nearest one that is inside.
//
// "2026-11-21T20:32:01.123456Z" (RFC 3339, UTC, always six digits).
std::string FormatRfc3339(Time time);

// "Sat, 21 Nov 2026 20:32:01 GMT" (RFC 9110 section 5.6.7, IMF-fixdate).
std::string FormatHttpDate(Time time);

// Reads IMF-fixdate and the two obsolete forms (RFC 850 and asctime). Nothing for anything else.
// The weekday is not checked against the date. Years of two digits: 69 to 99 are 19xx, 00 to 68 are
// 20xx.
std::optional<Time> ParseHttpDate(std::string_view text);

// Reads RFC 3339 with any offset and any number of fraction digits (cut to microseconds).
std::optional<Time> ParseRfc3339(std::string_view text);

// "250us", "500ms", "10s", "5m", "2h", "10d", "1.5s"; a bare number is seconds. A fraction counts
// to six digits. kInvalid names the text.
Result<Duration> ParseDuration(std::string_view text);

// The shortest form that ParseDuration reads back to the same value, without a leading "0.":
// "500ms", "10s", "90s", "1.5s". A negative one has a '-' before it (ParseDuration does not read
// that).
std::string FormatDuration(Duration duration);

// "64KiB", "10MiB", "1GiB", also "64K", "10MB" (powers of 1000 for KB, MB and GB), in any case; a
// bare number is bytes. kInvalid names the text.
Result<std::size_t> ParseSize(std::string_view text);

}  // namespace websub
