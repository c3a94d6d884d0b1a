#include "hub/api/filters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <vector>

#include "core/form.h"
#include "core/text.h"
#include "hub/api/views.h"

namespace websub::hub {
namespace {

constexpr int kMaxLimit = 1000;

struct Reading {
  std::string_view value;
  char letter;
  Time now;
};

// Says what would be right; the parameter and the value are named by the caller.
using Fault = std::optional<std::string>;

std::optional<int> ParseNumber(std::string_view text, int low, int high) {
  int number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number < low || number > high) return std::nullopt;
  return number;
}

Fault ReadId(const Reading& in, char letter, std::optional<std::int64_t>& out) {
  out = ParseId(letter, in.value);
  if (out) return std::nullopt;
  return "is no id such as " + PrintId(letter, 1);
}

Fault ReadText(const Reading& in, std::optional<std::string>& out) {
  out = std::string(in.value);
  return std::nullopt;
}

Fault ReadLimit(const Reading& in, Filters& out) {
  const auto limit = ParseNumber(in.value, 1, kMaxLimit);
  if (!limit) return "is no number from 1 to " + std::to_string(kMaxLimit);
  out.limit = static_cast<std::size_t>(*limit);
  return std::nullopt;
}

Fault ReadOrder(const Reading& in, Filters& out) {
  if (in.value != "newest" && in.value != "oldest") return "is neither newest nor oldest";
  out.order = in.value == "newest" ? Order::kNewestFirst : Order::kOldestFirst;
  return std::nullopt;
}

Fault ReadState(const Reading& in, Filters& out) {
  out.all_states = in.value == "all";
  if (out.all_states) return std::nullopt;
  out.state = ParseSubscriptionState(in.value);
  if (out.state) return std::nullopt;
  return "is none of pending, active, unverified, denied, unsubscribed, expired, gone, all";
}

Fault ReadKind(const Reading& in, Filters& out) {
  out.kind = ParseExchangeKind(in.value);
  if (out.kind) return std::nullopt;
  return "is none of subscribe, unsubscribe, publish, register, deregister, verify, deny, fetch, "
         "deliver, hook";
}

Fault ReadStatus(const Reading& in, Filters& out) {
  const auto status = ParseNumber(in.value, 0, 999);
  if (!status || (*status != 0 && *status < 100)) {
    return "is no HTTP status (0 stands for an exchange without an answer)";
  }
  out.status = status;
  return std::nullopt;
}

Fault ReadTime(const Reading& in, std::optional<Time>& out) {
  out = ParseRfc3339(in.value);
  if (out) return std::nullopt;
  const auto back = ParseDuration(in.value);
  if (!back || *back > in.now.time_since_epoch()) {
    return "is neither a time such as 2026-11-21T20:32:01Z nor a duration such as 10m";
  }
  out = in.now - *back;
  return std::nullopt;
}

struct Parameter {
  std::string_view name;
  Fault (*read)(const Reading& in, Filters& out);
};

constexpr std::array<Parameter, 12> kParameters{{
    {"limit", ReadLimit},
    {"after", [](const Reading& in, Filters& out) { return ReadId(in, in.letter, out.after); }},
    {"order", ReadOrder},
    {"topic", [](const Reading& in, Filters& out) { return ReadText(in, out.topic); }},
    {"callback", [](const Reading& in, Filters& out) { return ReadText(in, out.callback); }},
    {"state", ReadState},
    {"kind", ReadKind},
    {"status", ReadStatus},
    {"since", [](const Reading& in, Filters& out) { return ReadTime(in, out.since); }},
    {"until", [](const Reading& in, Filters& out) { return ReadTime(in, out.until); }},
    {"subscription",
     [](const Reading& in, Filters& out) {
       return ReadId(in, kSubscriptionLetter, out.subscription);
     }},
    {"message",
     [](const Reading& in, Filters& out) { return ReadId(in, kMessageLetter, out.message); }},
}};

std::string Joined(std::span<const std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    if (!out.empty()) out += ", ";
    out += name;
  }
  return out;
}

}  // namespace

void Filters::CopyTo(PageQuery& page) const {
  page.limit = limit;
  page.after = after;
  page.order = order;
  page.topic = topic;
  page.since = since;
  page.until = until;
}

Result<Filters> ParseFilters(std::string_view query, char letter,
                             std::span<const std::string_view> allowed, Time now) {
  const auto form = ParseForm(query);
  if (!form) return tl::unexpected(form.error());
  Filters filters;
  std::vector<std::string_view> seen;
  for (const FormField& field : *form) {
    if (std::find(allowed.begin(), allowed.end(), field.name) == allowed.end()) {
      return Fail(ErrorCode::kInvalid, Quote(field.name) + " is no parameter here; there are " +
                                           (allowed.empty() ? "none" : Joined(allowed)));
    }
    if (std::find(seen.begin(), seen.end(), field.name) != seen.end()) {
      return Fail(ErrorCode::kInvalid, field.name + " is given twice");
    }
    seen.push_back(field.name);
    const auto* parameter = std::find_if(kParameters.begin(), kParameters.end(),
                                         [&](const Parameter& p) { return p.name == field.name; });
    const Reading reading{field.value, letter, now};
    if (const Fault fault = parameter->read(reading, filters)) {
      return Fail(ErrorCode::kInvalid, field.name + ": " + Quote(field.value) + " " + *fault);
    }
  }
  return filters;
}

}  // namespace websub::hub
