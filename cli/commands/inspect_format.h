// How `inspect` words what it shows. The JSON comes from a hub that may be another version, or no
// hub at all: a field that is missing or of another type reads as nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/output.h"
#include "core/time.h"

namespace websub::cli::inspect {

std::string TextOf(const Json& object, const std::string& name);     // "" where there is none
std::int64_t NumberOf(const Json& object, const std::string& name);  // 0 where there is none
std::optional<Time> TimeOf(const Json& object, const std::string& name);
// An object or list inside; an empty object where there is none.
const Json& Inside(const Json& object, const std::string& name);
// Text, or what its _base64 form holds. Nothing where neither is there.
std::optional<std::string> BytesOf(const Json& object, const std::string& name);

// The largest unit or two: "850ms", "3s", "12m", "2h 5m", "9d 23h".
std::string Coarse(Duration duration);
std::string Age(const std::optional<Time>& time, Time now);  // "3s ago", "in 5m", or ""
// Milliseconds, short: "0.2ms", "15ms", "1.2s", "2m".
std::string Span(double milliseconds);
// The phases that happened: "connect 0.2ms, first byte 1.1ms".
std::string Phases(const Json& timings, bool with_total);
// "HH:MM:SS.mmm", UTC.
std::string Clock(Time time);

Style StateStyle(std::string_view state);
// Of an exchange: by its fault and status.
Style AnswerStyle(const Json& exchange);
// Its status, or its fault: "204", "refused".
std::string Answer(const Json& exchange);

}  // namespace websub::cli::inspect
