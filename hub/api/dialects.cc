#include "hub/api/dialects.h"

#include <array>
#include <string>
#include <utility>

#include "core/publish_request.h"
#include "core/text.h"

namespace websub::hub {

namespace {

// Modes of Superfeedr, and what is here in their place.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSuperfeedrModes = {{
    {"list", "GET /api/v1/subscriptions lists what is subscribed"},
    {"retrieve", "fetch the topic itself"},
    {"replay", "what could not be delivered is tried again without being asked for"},
}};

}  // namespace

Form AsMeant(const http::Request& request, Form form) {
  const std::string mode(FindField(form, "hub.mode").value_or(""));
  const bool may_be_plain =
      mode == "register" || mode == "deregister" ||
      (mode == "publish" && request.Field("x-ballerina-publisher") == "event");
  auto topic = may_be_plain ? PlainTopic(request.body, mode) : std::nullopt;
  if (!topic) return form;
  return {{"hub.mode", mode}, {"hub.topic", std::move(*topic)}};
}

Result<void> CheckDialect(const Form& form) {
  const auto mode = FindField(form, "hub.mode");
  if (!mode) return {};
  for (const auto& [name, instead] : kSuperfeedrModes) {
    if (*mode != name) continue;
    return Fail(ErrorCode::kInvalid,
                "hub.mode: " + Quote(name) +
                    " is a mode of Superfeedr, which this hub does not have; " +
                    std::string(instead));
  }
  if (*mode != "subscribe" && *mode != "unsubscribe") return {};
  for (const char* parameter : {"hub.channel.type", "hub.events"}) {
    if (!FindField(form, parameter)) continue;
    return Fail(ErrorCode::kInvalid,
                std::string(parameter) +
                    ": this is a request of FHIRcast, which this hub does not speak: it opens no "
                    "WebSocket and selects no events; subscribe with hub.callback and without " +
                    parameter + " to get all that is published");
  }
  return {};
}

}  // namespace websub::hub
