#include "core/time.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "core/text.h"

// By arithmetic: GCC 12 has neither std::chrono::parse nor std::format for chrono.

namespace websub {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::sys_days;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

std::string Digits(std::int64_t number, std::size_t width) {
  std::string text = std::to_string(number);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

struct Civil {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<Duration> clock;
};

// Written forms have four digits for the year: what lies outside is shown as the nearest that fits.
Civil Break(Time time) {
  constexpr Time kFirst = sys_days(std::chrono::year(0) / 1 / 1);
  constexpr Time kEnd = sys_days(std::chrono::year(10000) / 1 / 1);
  time = std::clamp(time, kFirst, kEnd - Duration(1));
  const auto day = floor<days>(time);
  return {day, day, std::chrono::hh_mm_ss<Duration>(time - day)};
}

std::string Clock(const Civil& civil) {
  return Digits(civil.clock.hours().count(), 2) + ':' + Digits(civil.clock.minutes().count(), 2) +
         ':' + Digits(civil.clock.seconds().count(), 2);
}

// Reads a text from left to right. Once something did not fit, nothing more does.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return ok_ && rest_.empty(); }
  bool ok() const { return ok_; }
  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  bool Skip(std::string_view text) {
    ok_ = ok_ && rest_.starts_with(text);
    if (ok_) rest_.remove_prefix(text.size());
    return ok_;
  }

  // Exactly that many digits.
  int Number(std::size_t width) {
    ok_ = ok_ && rest_.size() >= width;
    int number = 0;
    for (std::size_t i = 0; ok_ && i < width; ++i) {
      ok_ = IsDigit(rest_[i]);
      number = number * 10 + (rest_[i] - '0');
    }
    if (!ok_) return 0;
    rest_.remove_prefix(width);
    return number;
  }

  // One of the names, cut to `length` characters where that is not 0; its place in the list.
  template <std::size_t n>
  unsigned OneOf(const std::array<std::string_view, n>& names, std::size_t length = 0) {
    for (unsigned i = 0; ok_ && i < n; ++i) {
      const auto name = length == 0 ? names[i] : names[i].substr(0, length);
      if (rest_.starts_with(name)) {
        rest_.remove_prefix(name.size());
        return i;
      }
    }
    ok_ = false;
    return 0;
  }

  // Digits of a fraction of a second, as microseconds; digits beyond the sixth are cut.
  Duration Fraction() {
    ok_ = ok_ && IsDigit(Peek());
    std::int64_t value = 0;
    std::int64_t unit = 100000;
    while (ok_ && IsDigit(Peek())) {
      value += (Peek() - '0') * unit;
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return Duration(value);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<Time> Join(int year, unsigned month, int day, int hour, int minute, int second) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // Second 60 is a leap second: it is read as the second that follows.
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

struct ClockTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
};

ClockTime ReadClock(Reader& reader) {
  ClockTime clock;
  clock.hour = reader.Number(2);
  reader.Skip(":");
  clock.minute = reader.Number(2);
  reader.Skip(":");
  clock.second = reader.Number(2);
  return clock;
}

std::optional<Time> Finish(const Reader& reader, int year, unsigned month, int day,
                           const ClockTime& clock) {
  if (!reader.AtEnd()) return std::nullopt;
  return Join(year, month + 1, day, clock.hour, clock.minute, clock.second);
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<Time> ReadImfFixdate(std::string_view text) {
  Reader reader(text);
  reader.OneOf(kWeekdays, 3);
  reader.Skip(", ");
  const int day = reader.Number(2);
  reader.Skip(" ");
  const unsigned month = reader.OneOf(kMonths);
  reader.Skip(" ");
  const int year = reader.Number(4);
  reader.Skip(" ");
  const ClockTime clock = ReadClock(reader);
  reader.Skip(" GMT");
  return Finish(reader, year, month, day, clock);
}

// "Sunday, 06-Nov-94 08:49:37 GMT". Without a clock to compare with, as RFC 9110 wants, two digits
// of a year are read as POSIX does: 69 to 99 are 19xx.
std::optional<Time> ReadRfc850(std::string_view text) {
  Reader reader(text);
  reader.OneOf(kWeekdays);
  reader.Skip(", ");
  const int day = reader.Number(2);
  reader.Skip("-");
  const unsigned month = reader.OneOf(kMonths);
  reader.Skip("-");
  const int year = reader.Number(2);
  reader.Skip(" ");
  const ClockTime clock = ReadClock(reader);
  reader.Skip(" GMT");
  return Finish(reader, year < 69 ? 2000 + year : 1900 + year, month, day, clock);
}

// "Sun Nov  6 08:49:37 1994"
std::optional<Time> ReadAsctime(std::string_view text) {
  Reader reader(text);
  reader.OneOf(kWeekdays, 3);
  reader.Skip(" ");
  const unsigned month = reader.OneOf(kMonths);
  reader.Skip(" ");
  const bool one_digit = reader.Peek() == ' ';
  if (one_digit) reader.Skip(" ");
  const int day = reader.Number(one_digit ? 1 : 2);
  reader.Skip(" ");
  const ClockTime clock = ReadClock(reader);
  reader.Skip(" ");
  const int year = reader.Number(4);
  return Finish(reader, year, month, day, clock);
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 6> kDurations = {{{"d", 86'400'000'000},
                                             {"h", 3'600'000'000},
                                             {"m", 60'000'000},
                                             {"s", 1'000'000},
                                             {"ms", 1'000},
                                             {"us", 1}}};
constexpr std::array<Unit, 11> kSizes = {{{"", 1},
                                          {"b", 1},
                                          {"k", 1024},
                                          {"kib", 1024},
                                          {"kb", 1000},
                                          {"m", 1048576},
                                          {"mib", 1048576},
                                          {"mb", 1000000},
                                          {"g", 1073741824},
                                          {"gib", 1073741824},
                                          {"gb", 1000000000}}};

constexpr std::int64_t kMillion = 1'000'000;

// "12.5" and a unit. The fraction counts to six digits, the rest of it is cut.
struct Quantity {
  std::int64_t whole = 0;
  std::int64_t millionths = 0;
  bool too_large = false;  // for 63 bits
  std::string_view unit;
};

// Nothing where the text does not begin with a number.
std::optional<Quantity> ReadQuantity(std::string_view text) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  Quantity quantity;
  std::size_t i = 0;
  for (; i < text.size() && IsDigit(text[i]); ++i) {
    const int digit = text[i] - '0';
    quantity.too_large = quantity.too_large || quantity.whole > (kMax - digit) / 10;
    if (!quantity.too_large) quantity.whole = quantity.whole * 10 + digit;
  }
  if (i == 0) return std::nullopt;
  if (i < text.size() && text[i] == '.') {
    const std::size_t begin = ++i;
    for (std::int64_t unit = kMillion / 10; i < text.size() && IsDigit(text[i]); ++i, unit /= 10) {
      quantity.millionths += (text[i] - '0') * unit;
    }
    if (i == begin) return std::nullopt;
  }
  quantity.unit = text.substr(i);
  return quantity;
}

// Nothing where the product does not fit.
std::optional<std::int64_t> Multiply(const Quantity& quantity, std::int64_t factor) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const std::int64_t rest = quantity.millionths * factor / kMillion;
  if (quantity.too_large || quantity.whole > (kMax - rest) / factor) return std::nullopt;
  return quantity.whole * factor + rest;
}

// The quantity in that unit, where six digits of fraction write it exactly and it is not below 1.
std::optional<std::string> WriteExactly(std::int64_t value, const Unit& unit) {
  if (value < unit.factor) return std::nullopt;
  std::string text = std::to_string(value / unit.factor);
  std::int64_t rest = value % unit.factor;
  if (rest != 0) text += '.';
  for (int digits = 0; rest != 0; ++digits) {
    if (digits == 6) return std::nullopt;
    rest *= 10;
    text += static_cast<char>('0' + rest / unit.factor);
    rest %= unit.factor;
  }
  return text.append(unit.name);
}

}  // namespace

std::string FormatRfc3339(Time time) {
  const Civil civil = Break(time);
  return Digits(static_cast<int>(civil.date.year()), 4) + '-' +
         Digits(static_cast<unsigned>(civil.date.month()), 2) + '-' +
         Digits(static_cast<unsigned>(civil.date.day()), 2) + 'T' + Clock(civil) + '.' +
         Digits(civil.clock.subseconds().count(), 6) + 'Z';
}

std::string FormatHttpDate(Time time) {
  const Civil civil = Break(time);
  std::string text(kWeekdays[civil.weekday.c_encoding()].substr(0, 3));
  text.append(", ").append(Digits(static_cast<unsigned>(civil.date.day()), 2)).append(" ");
  text.append(kMonths[static_cast<unsigned>(civil.date.month()) - 1]).append(" ");
  return text + Digits(static_cast<int>(civil.date.year()), 4) + ' ' + Clock(civil) + " GMT";
}

std::optional<Time> ParseHttpDate(std::string_view text) {
  if (auto time = ReadImfFixdate(text)) return time;
  if (auto time = ReadRfc850(text)) return time;
  return ReadAsctime(text);
}

std::optional<Time> ParseRfc3339(std::string_view text) {
  Reader reader(text);
  const int year = reader.Number(4);
  reader.Skip("-");
  const int month = reader.Number(2);
  reader.Skip("-");
  const int day = reader.Number(2);
  // RFC 3339 section 5.6 lets letters be of either case, and a space stand for the T.
  const char separator = reader.Peek();
  reader.Skip(separator == 't' ? "t" : separator == ' ' ? " " : "T");
  const ClockTime clock = ReadClock(reader);
  Duration fraction{0};
  if (reader.Peek() == '.' && reader.Skip(".")) fraction = reader.Fraction();
  std::chrono::minutes offset{0};
  const char sign = reader.Peek();
  if (sign == '+' || sign == '-') {
    reader.Skip(std::string_view(&sign, 1));
    const int hours = reader.Number(2);
    reader.Skip(":");
    const int minutes = reader.Number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    if (sign == '-') offset = -offset;
  } else {
    reader.Skip(sign == 'z' ? "z" : "Z");
  }
  if (!reader.AtEnd()) return std::nullopt;
  const auto time =
      Join(year, static_cast<unsigned>(month), day, clock.hour, clock.minute, clock.second);
  if (!time) return std::nullopt;
  return *time + fraction - offset;
}

Result<Duration> ParseDuration(std::string_view text) {
  const auto quantity = ReadQuantity(text);
  if (quantity) {
    const std::string_view unit_name = quantity->unit.empty() ? "s" : quantity->unit;
    for (const Unit& unit : kDurations) {
      if (unit.name != unit_name) continue;
      if (const auto value = Multiply(*quantity, unit.factor)) return Duration(*value);
      return Fail(ErrorCode::kInvalid, Quote(text) + " is too long for a duration");
    }
  }
  return Fail(ErrorCode::kInvalid,
              Quote(text) + " is no duration: write a number and us, ms, s, m, h or d");
}

std::string FormatDuration(Duration duration) {
  if (duration.count() == 0) return "0s";
  if (duration.count() < 0) return '-' + FormatDuration(-std::max(duration, -Duration::max()));
  std::string best;
  for (const Unit& unit : kDurations) {
    const auto text = WriteExactly(duration.count(), unit);
    if (text && (best.empty() || text->size() < best.size())) best = *text;
  }
  return best;
}

Result<std::size_t> ParseSize(std::string_view text) {
  const auto quantity = ReadQuantity(text);
  if (quantity) {
    for (const Unit& unit : kSizes) {
      if (!EqualIgnoringCase(unit.name, quantity->unit)) continue;
      if (const auto value = Multiply(*quantity, unit.factor)) {
        return static_cast<std::size_t>(*value);
      }
      return Fail(ErrorCode::kInvalid, Quote(text) + " is too large for a size");
    }
  }
  return Fail(ErrorCode::kInvalid,
              Quote(text) + " is no size: write a number of bytes, or one and KiB, MiB or GiB");
}

}  // namespace websub
