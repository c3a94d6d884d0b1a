#include "hub/api/echo_message.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base64.h"
#include "core/subscription_request.h"
#include "core/text.h"
#include "core/url.h"
#include "hub/access/strict_json.h"

namespace websub::hub {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxType = 255;  // bytes

tl::unexpected<Error> Bad(const std::string& member, std::string_view what) {
  return Fail(ErrorCode::kInvalid, member + ": " + std::string(what));
}

// Nothing where it is not there.
Result<std::optional<std::string>> ReadText(const json& object, const std::string& name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::nullopt;
  if (!found->is_string()) return Bad(name, "must be a string");
  if (found->get_ref<const std::string&>().empty()) return Bad(name, "empty");
  return found->get<std::string>();
}

// It goes into the head of every delivery.
bool IsMediaType(std::string_view type) {
  const auto slash = type.substr(0, type.find(';')).find('/');
  return type.size() <= kMaxType && Trim(type) == type && slash != type.npos && slash > 0 &&
         std::all_of(type.begin(), type.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

Result<EchoMessage> ReadMessage(const json& object) {
  if (!object.is_object()) {
    return Fail(ErrorCode::kInvalid,
                "a message must be a JSON object with topic and contentUrl or "
                "contentBase64");
  }
  const auto kind = ReadText(object, "type");
  if (!kind) return tl::unexpected(kind.error());
  if (*kind && **kind != "echo.websub") {
    return Bad("type", "is " + Quote(**kind) + "; only echo.websub is taken");
  }
  EchoMessage message;
  auto topic = ReadText(object, "topic");
  if (!topic) return tl::unexpected(topic.error());
  if (!*topic) return Bad("topic", "missing");
  message.topic = std::move(**topic);
  if (const auto good = CheckTopic(message.topic); !good) {
    return Bad("topic", good.error().message);
  }
  auto url = ReadText(object, "contentUrl");
  if (!url) return tl::unexpected(url.error());
  if (*url) {
    message.content_url = std::move(**url);
    if (message.content_url.size() > kMaxContentUrl) {
      return Bad("contentUrl", "longer than " + std::to_string(kMaxContentUrl) + " bytes");
    }
    if (const auto good = Url::Parse(message.content_url); !good) {
      return Bad("contentUrl", good.error().message);
    }
  }
  const auto base64 = ReadText(object, "contentBase64");
  if (!base64) return tl::unexpected(base64.error());
  if (*base64) {
    message.content = DecodeBase64(**base64);
    if (!message.content) return Bad("contentBase64", "is not whole base64 with padding");
  }
  if (!*url && !*base64) return Bad("contentBase64", "missing, and so is contentUrl: send one");
  auto type = ReadText(object, "contentType");
  if (!type) return tl::unexpected(type.error());
  if (*type) {
    message.content_type = std::move(**type);
    if (!IsMediaType(message.content_type)) {
      return Bad("contentType", Quote(message.content_type) + " is no media type");
    }
  }
  return message;
}

// Adds one of several.
Result<void> AddOne(const Result<json>& object, std::vector<EchoMessage>& messages) {
  const std::string which = "message " + std::to_string(messages.size() + 1) + ": ";
  if (messages.size() == kMaxEchoMessages) {
    return Fail(ErrorCode::kTooLarge,
                "more than " + std::to_string(kMaxEchoMessages) + " messages in one request");
  }
  if (!object) return Fail(object.error().code, which + object.error().message);
  auto message = ReadMessage(*object);
  if (!message) return Fail(message.error().code, which + message.error().message);
  messages.push_back(std::move(*message));
  return {};
}

bool IsLines(std::string_view content_type) {
  const std::string_view type = Trim(content_type.substr(0, content_type.find(';')));
  return EqualIgnoringCase(type, "application/x-ndjson") ||
         EqualIgnoringCase(type, "application/ndjson");
}

}  // namespace

Result<std::vector<EchoMessage>> ParseEchoMessages(std::string_view content_type,
                                                   std::string_view body) {
  std::vector<EchoMessage> messages;
  if (IsLines(content_type)) {
    while (!body.empty()) {
      const std::string_view line = body.substr(0, body.find('\n'));
      body.remove_prefix(std::min(line.size() + 1, body.size()));
      if (Trim(line).empty()) continue;
      const auto added = AddOne(ParseStrictJson(line), messages);
      if (!added) return tl::unexpected(added.error());
    }
    if (messages.empty()) return Fail(ErrorCode::kInvalid, "body: it has no message");
    return messages;
  }
  const auto whole = ParseStrictJson(body);
  if (!whole) return Fail(whole.error().code, "body: " + whole.error().message);
  if (!whole->is_array()) {
    auto message = ReadMessage(*whole);
    if (!message) return tl::unexpected(message.error());
    messages.push_back(std::move(*message));
    return messages;
  }
  if (whole->empty()) return Fail(ErrorCode::kInvalid, "body: it has no message");
  for (const json& object : *whole) {
    const auto added = AddOne(object, messages);
    if (!added) return tl::unexpected(added.error());
  }
  return messages;
}

}  // namespace websub::hub
