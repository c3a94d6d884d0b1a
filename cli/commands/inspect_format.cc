#include "cli/commands/inspect_format.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "core/base64.h"

namespace websub::cli::inspect {
namespace {

template <typename... Values>
std::string Format(const char* format, Values... values) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), format, values...);
  return buffer.data();
}

const Json* Member(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

std::string TextOf(const Json& object, const std::string& name) {
  const Json* member = Member(object, name);
  return member != nullptr && member->is_string() ? member->get<std::string>() : "";
}

std::int64_t NumberOf(const Json& object, const std::string& name) {
  const Json* member = Member(object, name);
  return member != nullptr && member->is_number_integer() ? member->get<std::int64_t>() : 0;
}

std::optional<Time> TimeOf(const Json& object, const std::string& name) {
  return ParseRfc3339(TextOf(object, name));
}

const Json& Inside(const Json& object, const std::string& name) {
  static const Json kNothing = Json::object();
  const Json* member = Member(object, name);
  return member != nullptr && member->is_structured() ? *member : kNothing;
}

std::optional<std::string> BytesOf(const Json& object, const std::string& name) {
  const Json* text = Member(object, name);
  if (text != nullptr && text->is_string()) return text->get<std::string>();
  const Json* encoded = Member(object, name + "_base64");
  if (encoded == nullptr || !encoded->is_string()) return std::nullopt;
  return DecodeBase64(encoded->get_ref<const std::string&>());
}

std::string Coarse(Duration duration) {
  using std::chrono::duration_cast;
  const auto in = [&](auto unit) { return static_cast<long long>(duration / unit); };
  constexpr std::chrono::hours kDay(24);
  if (duration < std::chrono::seconds(1)) {
    return Format("%lldms", in(std::chrono::milliseconds(1)));
  }
  if (duration < std::chrono::minutes(1)) return Format("%llds", in(std::chrono::seconds(1)));
  if (duration < std::chrono::hours(1)) return Format("%lldm", in(std::chrono::minutes(1)));
  const bool days = duration >= kDay;
  const long long large = days ? in(kDay) : in(std::chrono::hours(1));
  const long long small = days ? in(std::chrono::hours(1)) % 24 : in(std::chrono::minutes(1)) % 60;
  std::string out = Format(days ? "%lldd" : "%lldh", large);
  if (small != 0) out += Format(days ? " %lldh" : " %lldm", small);
  return out;
}

std::string Age(const std::optional<Time>& time, Time now) {
  if (!time) return "";
  if (*time > now) return "in " + Coarse(*time - now);
  if (now - *time < std::chrono::seconds(1)) return "just now";
  return Coarse(now - *time) + " ago";
}

std::string Span(double milliseconds) {
  if (milliseconds < 9.95) return Format("%.1fms", milliseconds);
  if (milliseconds < 999.5) return Format("%.0fms", milliseconds);
  if (milliseconds < 9950) return Format("%.1fs", milliseconds / 1000);
  // What no clock measures (another program's JSON) must not overflow the cast.
  if (!(milliseconds < 1e15)) return "?";
  return Coarse(Duration(std::llround(milliseconds * 1000)));
}

std::string Phases(const Json& timings, bool with_total) {
  static constexpr std::pair<const char*, const char*> kPhases[] = {{"resolve", "resolve"},
                                                                    {"connect", "connect"},
                                                                    {"tls", "TLS"},
                                                                    {"first_byte", "first byte"},
                                                                    {"total", "total"}};
  std::string out;
  for (const auto& [name, word] : kPhases) {
    const Json* member = Member(timings, name);
    if (member == nullptr || !member->is_number()) continue;
    if (std::string_view(name) == "total" && !with_total) continue;
    out += (out.empty() ? "" : ", ") + std::string(word) + " " + Span(member->get<double>());
  }
  return out;
}

std::string Clock(Time time) {
  return FormatRfc3339(time).substr(11, 12);
}

Style StateStyle(std::string_view state) {
  if (state == "active" || state == "verified") return Style::kGood;
  if (state == "pending") return Style::kWarning;
  if (state == "unsubscribed" || state == "expired") return Style::kDim;
  return Style::kBad;
}

Style AnswerStyle(const Json& exchange) {
  if (!TextOf(exchange, "fault").empty()) return Style::kBad;
  const std::int64_t status = NumberOf(exchange, "status");
  if (status >= 200 && status < 300) return Style::kGood;
  return status >= 300 && status < 400 ? Style::kWarning : Style::kBad;
}

std::string Answer(const Json& exchange) {
  std::string fault = TextOf(exchange, "fault");
  if (!fault.empty()) return fault;
  const std::int64_t status = NumberOf(exchange, "status");
  return status == 0 ? "no answer" : std::to_string(status);
}

}  // namespace websub::cli::inspect
